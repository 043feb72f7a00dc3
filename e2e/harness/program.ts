/** The programs of this repository, each in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** A program of this repository, running. */
export interface Program {
  /** Everything it printed. */
  output(): string;
  /** Waits for printed text; rejects where the program ends before. */
  printed(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

export function program(file: string, args: string[]): Program {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', join(root, file), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  return {
    output: () => text,
    async printed(pattern, timeout = 60_000) {
      const deadline = Date.now() + timeout;
      for (;;) {
        const match = pattern.exec(text);
        if (match) return match;
        if (child.exitCode !== null) throw new Error(`${file} ended:\n${text}`);
        if (Date.now() > deadline)
          throw new Error(`${file} did not print ${pattern} in ${timeout} ms:\n${text}`);
        await new Promise((done) => setTimeout(done, 50));
      }
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
