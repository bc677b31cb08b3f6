import type { ObjectPath } from '../../lib/model/object-path.ts';

/** Notes what happened, for the reader of a failing seed. */
export type Tell = (actor: string, event: string, path?: ObjectPath) => void;

export interface Chapter {
  readonly at: number;
  readonly actor: string;
  readonly event: string;
  readonly path?: ObjectPath;
}

/** Events of the object in question, and those that concern every object, are told; at most this many of the last ones. */
const LONGEST_STORY = 250;

/** The story of the objects in question (of all objects, without `paths`): time since the start, actor, event. */
export function storyText(chapters: readonly Chapter[], startAt: number, paths: readonly ObjectPath[]): string {
  const isPart = ({ path: about }: Chapter): boolean =>
    about === undefined ||
    paths.length === 0 ||
    paths.some((path) => about === path || path.startsWith(`${about}/`) || about.startsWith(`${path}/`));
  return chapters
    .filter(isPart)
    .slice(-LONGEST_STORY)
    .map(
      ({ at, actor, event, path: about }) =>
        `${timeText(at - startAt)}  ${actor.padEnd(11)} ${about === undefined ? '' : `${about}: `}${event}`,
    )
    .join('\n');
}

function timeText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  const minutes = Math.floor(seconds / 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}:${(seconds % 60).toFixed(3).padStart(6, '0')}`;
}
