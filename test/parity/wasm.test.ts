import { testCases } from './cases';

testCases('wasm');
