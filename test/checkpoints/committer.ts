// The process that kill.test.ts kills: commits numbered checkpoints into the folder it is given, until it dies.
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/checkpoints/atomic';
import { commitFolder, newestFolder, prune } from '../../src/checkpoints/folders';
import { writeSafetensors } from '../../src/checkpoints/safetensors';

const main = async (dir: string): Promise<void> => {
  const newest = await newestFolder(dir);
  for (let number = newest ? Number(newest.split('/').at(-1)) : 0; ; number++) {
    await commitFolder(dir, String(number).padStart(8, '0'), async folder => {
      const data = new Float32Array(20_000).fill(number);
      await writeSafetensors(join(folder, 'state.safetensors'), { w: { dtype: 'F32', shape: [20_000], data } });
      await writeFileAtomic(join(folder, 'state.json'), JSON.stringify({ number }));
    });
    console.log(number);
    await prune(dir, 2);
  }
};

void main(process.argv[2]);
