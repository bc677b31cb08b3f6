/**
 * What a stack may be called: a letter, then letters, digits and `-`. Names of queues end at 80 characters, those of functions at 64; the
 * longest of ours leave 40 for the stack.
 */
export const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,39}$/;
