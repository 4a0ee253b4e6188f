import { join } from 'node:path';

/** Folder of the shipped weights. */
export const TEACHER_FOLDER = join(__dirname, '..', '..', 'data', 'teachers');
