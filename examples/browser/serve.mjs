/* node examples/browser/serve.mjs MODEL.onnx [PORT]: serves the page, the model, and onnxruntime-web from node_modules. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
const TYPES = { '.html': 'text/html', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** The path of a request; nothing for one that is no address ('//'). */
const pathOf = url => (URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost').pathname : '');

/** The file behind a path: one name in this folder or in onnxruntime-web's, or the model. */
const fileOf = (path, model) => {
  if (path === '/model.onnx') return model;
  const [, folder, name] = /^(\/ort)?\/([\w.-]*)$/.exec(path) ?? [];
  return name === undefined ? undefined : join(folder ? ort : here, name || 'index.html');
};

/** Starts the server on this machine; port 0 chooses a free one. */
export const serve = (model, port = 0) =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      const file = fileOf(pathOf(request.url), model);
      const found = file && statSync(file, { throwIfNoEntry: false })?.isFile();
      response.writeHead(found ? 200 : 404, {
        'Content-Type': TYPES[extname(file ?? '')] ?? 'application/octet-stream',
        'Cross-Origin-Opener-Policy': 'same-origin', // both: WebAssembly may use several threads
        'Cross-Origin-Embedder-Policy': 'require-corp',
      });
      if (found) createReadStream(file).pipe(response);
      else response.end();
    });
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${server.address().port}/` }));
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [model, port = '8000'] = process.argv.slice(2);
  if (!model || !statSync(model, { throwIfNoEntry: false })?.isFile()) {
    console.error(`usage: node examples/browser/serve.mjs MODEL.onnx [PORT]${model ? `\nno such file: ${model}` : ''}`);
    process.exit(1);
  }
  serve(model, Number(port)).then(
    ({ url }) => console.log(`open ${url}`),
    error => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
