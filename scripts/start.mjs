/** `npm start`: sets up what is missing, then becomes the `offhook` command. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, couldNotStart, install, requireNode, root } from './bootstrap.mjs';
import { startArguments } from './start-arguments.mjs';

requireNode();
if (!install() || !build()) process.exit(couldNotStart);
const command = join(root, 'apps', 'runner', 'bin', 'offhook.mjs');
// npm runs this in the root; paths on the command line are those of the folder it was called from.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
process.argv = [process.execPath, command, ...startArguments(process.argv.slice(2))];
await import(pathToFileURL(command).href);
