import { testStack } from './stack-cases.ts';
import { MINIMAL } from './variants.ts';

testStack(MINIMAL);
