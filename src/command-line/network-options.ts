import type { Command } from 'commander';
import type { ReferenceOptions } from '../models';
import { jsonObject } from './options';

/** Adds the options that say what network a file holds which does not say so itself. */
export const withNetworkOptions = (command: Command): Command =>
  command
    .option('--part <name>', "the network in a file with several (default: 'ema', else 'net', else the only one)")
    .option('--class-name <name>', "the network's class in the reference, for a bare state dict: EDMPrecond, ...")
    .option('--init-kwargs <json>', 'what it was made with, for a bare state dict', jsonObject);

/** Those options as `loadNetwork` takes them. */
export const referenceOptions = ({ part, className, initKwargs }: ReferenceOptions): ReferenceOptions => ({
  ...(part !== undefined && { part }),
  ...(className !== undefined && { className }),
  ...(initKwargs !== undefined && { initKwargs }),
});
