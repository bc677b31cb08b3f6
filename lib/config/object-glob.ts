/** Globs over objects are written on command lines as in the configuration, and what is wrong with one is said in the same words. */
export { globProblem } from '../plan/object-filter.ts';
