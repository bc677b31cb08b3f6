import { testStack } from './stack-cases.ts';
import { FORTY_PAIRS } from './variants.ts';

testStack(FORTY_PAIRS);
