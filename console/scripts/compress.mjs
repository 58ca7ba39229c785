// Compresses what was built, once, as well as it can be: the service only picks the file that the browser takes.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const FOLDER = new URL("../../src/cmlfleet/console/", import.meta.url).pathname;
const TEXT = /\.(js|css|html|svg)$/;
const LEAST_BYTES = 1024;

const files = (await readdir(FOLDER, { recursive: true })).filter((name) => TEXT.test(name));
await Promise.all(
  files.map(async (name) => {
    const path = join(FOLDER, name);
    const bytes = await readFile(path);
    if (bytes.length < LEAST_BYTES) return;
    const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
    await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, options));
    await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
  }),
);
