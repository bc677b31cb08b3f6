import { testStack } from './stack-cases.ts';
import { VPC_AND_KEY } from './variants.ts';

testStack(VPC_AND_KEY);
