// A cluster on this machine for a test, and the browser that looks at it.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const bin = process.env.PSEPHOS_BIN ?? join(root, 'build/bin');
export const psephos = join(bin, 'psephos');
const run = promisify(execFile);

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, check, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    if (await check()) return;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await wait(100);
  }
}

export class Cluster {
  // `prepare` may put files beside election.json before anything starts.
  static async start(returns, { shards = 2, change = (definition) => definition, files = {}, importing = [], upping = [] } = {}) {
    const one = new Cluster();
    one.folder = mkdtempSync(join(tmpdir(), 'psephos-browser-'));
    one.dir = join(one.folder, 'cluster');
    one.returns = returns;
    execFileSync(psephos, ['import', returns, '--out', join(one.folder, 'election'), ...importing], { stdio: 'pipe' });
    const path = join(one.folder, 'election/election.json');
    const definition = change(JSON.parse(readFileSync(path, 'utf8')));
    writeFileSync(path, JSON.stringify(definition));
    await one.call('up', '--election', path, '--shards', String(shards), ...upping);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(one.dir, name), bytes);
    if (Object.keys(files).length > 0) await one.restartCollector();
    one.url = `http://${JSON.parse(readFileSync(join(one.dir, 'cluster.json'), 'utf8')).collectors[0].http}`;
    return one;
  }

  // Of an election.json that is given, without returns.
  static async define(definition) {
    const one = new Cluster();
    one.folder = mkdtempSync(join(tmpdir(), 'psephos-browser-'));
    one.dir = join(one.folder, 'cluster');
    const path = join(one.folder, 'election.json');
    writeFileSync(path, JSON.stringify(definition));
    await one.call('up', '--election', path, '--shards', '2');
    one.url = `http://${JSON.parse(readFileSync(join(one.dir, 'cluster.json'), 'utf8')).collectors[0].http}`;
    return one;
  }

  call(command, ...rest) {
    return run(psephos, [command, '--dir', this.dir, ...rest], { maxBuffer: 1 << 26 });
  }

  async pids(role) {
    const { stdout } = await this.call('status', '--json');
    return JSON.parse(stdout).processes.filter((p) => p.role === role && p.pid > 0).map((p) => p.pid);
  }

  cast(...options) {
    const child = spawn(psephos, ['cast', '--dir', this.dir, '--returns', this.returns, '--seed', '1', ...options], { stdio: 'ignore' });
    this.casting = child;
    return new Promise((done) => child.on('exit', done));
  }

  async killCollector() {
    for (const pid of await this.pids('collector')) {
      process.kill(pid, 'SIGKILL');
      await until('the collector is gone', () => !existsSync(`/proc/${pid}`));
    }
  }

  async restartCollector() {
    await this.killCollector();
    await this.call('up');
  }

  async json(path) {
    return (await fetch(this.url + path)).json();
  }

  async stop() {
    if (this.casting && this.casting.exitCode === null) this.casting.kill('SIGKILL');
    await this.call('down').catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}
