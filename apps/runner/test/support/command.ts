import { Writable } from 'node:stream';
import { main } from '../../src/main.ts';

/** Gathers what is written. */
export function collector(): { readonly stream: Writable; text(): string } {
  const parts: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      parts.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => parts.join('').trimEnd() };
}

/** Runs a command line inside this process: for what needs no process of its own. */
export async function command(
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [out, err] = [collector(), collector()];
  const code = await main(args, { stdout: out.stream, stderr: err.stream });
  return { code, out: out.text(), err: err.text() };
}
