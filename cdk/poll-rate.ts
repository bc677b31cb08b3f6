/** Minutes between two firings of a pair's schedule: EventBridge knows whole minutes only, so other times round up. */
export const scheduleMinutes = (pollSeconds: number): number => Math.max(1, Math.ceil(pollSeconds / 60));
