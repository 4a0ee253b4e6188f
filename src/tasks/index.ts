export { DINO, imageMetric, type ImageMetric, type ImageMetricInput, INCEPTION } from './image-metric';
export { imageTask, type ImageTask, type ImageTaskOptions } from './image-task';
export { type LatentsTask, latentsTasks, type LatentsTasks, type LatentsTasksOptions } from './latents-task';
export { asPoints, pointsTask, realPoints } from './points-task';
export { type RecipeOptions, taskOfRecipe, type TaskRecipe, taskRecipe } from './task-recipe';
export { type BlockOptions, blockSeeds, type Draw, floorCache, inMetric, type Task, type TaskResult } from './task';
