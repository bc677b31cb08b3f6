/** The two servers of an organization pair. Errors, breakers and ages always name one of them. */
export type Side = 'primary' | 'replica';
