// BullMQ on Node: the same contract as contract.py, the same record as job.py. Finished jobs are removed at once.

import { openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';

const PRIORITIES = { plain: undefined, low: 10, critical: 1 };
const CALL = 1000;

const [role, settingInJson] = process.argv.slice(2);
const setting = JSON.parse(settingInJson);
const { hostname: host, port } = new URL(setting.url);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };

const say = (answer) => writeSync(1, `${JSON.stringify(answer)}\n`);
const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url)))
    .version;

async function submit() {
  const queue = new Queue('bench', { connection, defaultJobOptions: { removeOnComplete: true } });
  await queue.waitUntilReady();
  const send = (number, level) => queue.add('run', { number }, { priority: PRIORITIES[level] });
  const seconds = async (work) => {
    const begun = performance.now();
    await work();
    return (performance.now() - begun) / 1000;
  };
  const commands = {
    send: ({ first, count, level }) =>
      seconds(async () => {
        for (let number = first; number < first + count; number++) await send(number, level);
      }),
    send_together: ({ first, count }) =>
      seconds(async () => {
        for (let at = first; at < first + count; at += CALL) {
          const numbers = Array.from(
            { length: Math.min(CALL, first + count - at) },
            (_, i) => at + i,
          );
          await queue.addBulk(numbers.map((number) => ({ name: 'run', data: { number } })));
        }
      }),
    send_at: async ({ first, offsets, level }) => {
      const begun = performance.now();
      const stamps = [];
      for (const [i, offset] of offsets.entries()) {
        await sleep(Math.max(0, begun + offset * 1000 - performance.now()));
        const before = process.hrtime.bigint();
        await send(first + i, level);
        stamps.push([Number(before), Number(process.hrtime.bigint())]);
      }
      return stamps;
    },
    left: async () => {
      const counts = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed');
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
  };
  say({ bullmq: versionOf('bullmq'), ioredis: versionOf('ioredis') });
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: command, ...rest } = JSON.parse(line);
    say(await commands[command](rest));
  }
  await queue.close();
}

async function work() {
  const { MILLRACE_BENCH_REPORT, MILLRACE_BENCH_WORKER, MILLRACE_BENCH_SECONDS } = process.env;
  const file = openSync(MILLRACE_BENCH_REPORT, 'a');
  const milliseconds = Number(MILLRACE_BENCH_SECONDS) * 1000;
  const run = async ({ data }) => {
    const started = process.hrtime.bigint();
    if (milliseconds) await sleep(milliseconds);
    const record = Buffer.allocUnsafe(32);
    record.writeBigInt64LE(BigInt(data.number), 0);
    record.writeBigInt64LE(started, 8);
    record.writeBigInt64LE(process.hrtime.bigint(), 16);
    record.writeBigInt64LE(BigInt(MILLRACE_BENCH_WORKER), 24);
    writeSync(file, record);
  };
  const worker = new Worker('bench', run, {
    connection,
    concurrency: setting.slots,
    autorun: false,
  });
  await worker.waitUntilReady();
  say({ ready: true });
  readSync(0, Buffer.alloc(1));
  process.stdin.on('end', () => process.exit()).resume();
  await worker.run();
}

await (role === 'submit' ? submit() : work());
