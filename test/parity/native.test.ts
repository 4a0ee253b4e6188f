import { TESTED_BACKENDS } from '../golden';
import { testCases } from './cases';

if (TESTED_BACKENDS.includes('native')) testCases('native');
