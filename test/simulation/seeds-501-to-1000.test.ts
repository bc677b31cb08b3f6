import { testSeeds } from './seed-range.ts';

testSeeds(501, 500);
