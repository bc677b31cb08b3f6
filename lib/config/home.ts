/** Where the product runs: on one machine with `chef-sync-ctl run`, or on AWS as a stack. It decides where keys are kept. */
export type Home = 'local' | 'aws';

/** `unprepared`: whichever home the file is for, before there are keys: where they are to be kept is read, but no key. */
export type ConfigReader = Home | 'unprepared';
