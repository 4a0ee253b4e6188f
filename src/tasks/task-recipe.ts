/* How a task is made again on another machine, as plain JSON. What options may be is checked where the task is made. */
import { z } from 'zod';
import { imageTask } from './image-task';
import { latentsTasks } from './latents-task';
import { pointsTask } from './points-task';
import type { Task } from './task';

const option = z.union([
  z.string().max(4096),
  z.number(),
  z
    .array(z.union([z.string().max(4096), z.number()]))
    .max(64)
    .readonly(),
]);

/** Values of options, as JSON has them. */
export type RecipeOptions = Readonly<Record<string, string | number | readonly (string | number)[]>>;

/** A function of tasks by name, and its options; of latents the number of the size. */
export type TaskRecipe =
  | { kind: 'points' }
  | { kind: 'images'; options: RecipeOptions }
  | {
      kind: 'latents';
      options: RecipeOptions | Readonly<Record<string, RecipeOptions[string] | RecipeOptions>>;
      size: number;
    };

const options = z.record(z.string(), option);

/** What a recipe may say. */
export const taskRecipe: z.ZodType<TaskRecipe> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('points') }),
  z.strictObject({ kind: z.literal('images'), options }),
  z.strictObject({
    kind: z.literal('latents'),
    options: z.record(z.string(), z.union([option, options])),
    size: z.int().min(0).max(63),
  }),
]);

/** Makes a recipe's task; `close` frees all that it holds. @throws as the function of the recipe does */
export const taskOfRecipe = async (recipe: TaskRecipe): Promise<{ task: Task; close: () => Promise<void> }> => {
  if (recipe.kind === 'latents') {
    const { tasks, dispose } = await latentsTasks(recipe.options);
    return { task: tasks[recipe.size], close: dispose };
  }
  if (recipe.kind === 'points') {
    const task = await pointsTask();
    return { task, close: () => Promise.resolve(task.dispose()) };
  }
  const { dispose, ...task } = await imageTask(recipe.options);
  return { task: { ...task, dispose: () => void dispose() }, close: dispose };
};
