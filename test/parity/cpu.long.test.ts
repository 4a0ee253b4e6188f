import { testCases } from './cases';

testCases('cpu');
