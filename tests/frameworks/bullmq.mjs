// BullMQ: workers, retries, delayed and repeatable jobs, flows, events.

import assert from 'node:assert/strict';
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';

const connection = { host: '127.0.0.1', port: Number(process.env.PORT), maxRetriesPerRequest: null };

const queue = new Queue('work', { connection });
const events = new QueueEvents('work', { connection });
await events.waitUntilReady();
const tries = new Map();
const worker = new Worker('work', async (job) => {
  if (job.name === 'fail') throw new Error('on purpose');
  if (job.name === 'retry') {
    tries.set(job.id, (tries.get(job.id) ?? 0) + 1);
    if (tries.get(job.id) < 3) throw new Error('not yet');
  }
  await job.updateProgress(50);
  return (job.data.n ?? 0) * 2;
}, { connection, concurrency: 4 });

const jobs = await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: 'double', data: { n } })));
const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 60_000)));
assert.deepEqual(results, Array.from({ length: 100 }, (_, n) => 2 * n));

const retried = await queue.add('retry', { n: 4 }, { attempts: 3, backoff: { type: 'fixed', delay: 100 } });
assert.equal(await retried.waitUntilFinished(events, 30_000), 8);
assert.equal(tries.get(retried.id), 3);

const failing = await queue.add('fail', {});
await assert.rejects(failing.waitUntilFinished(events, 30_000), /on purpose/);
assert.equal(await failing.getState(), 'failed');

const begun = Date.now();
const delayed = await queue.add('double', { n: 1 }, { delay: 1000 });
assert.equal(await delayed.getState(), 'delayed');
assert.equal(await delayed.waitUntilFinished(events, 30_000), 2);
assert.ok(Date.now() - begun >= 1000);

let rounds = 0;
const threeRounds = new Promise((resolve) => {
  worker.on('completed', (job) => {
    if (job.name === 'again' && (rounds += 1) === 3) resolve();
  });
});
await queue.upsertJobScheduler('every', { every: 300 }, { name: 'again', data: {} });
await threeRounds;
assert.ok(await queue.removeJobScheduler('every'));

const urgent = await queue.add('double', { n: 5 }, { priority: 1 });
assert.equal(await urgent.waitUntilFinished(events, 30_000), 10);

const flow = new FlowProducer({ connection });
const tree = await flow.add({
  name: 'parent',
  queueName: 'work',
  data: { n: 3 },
  children: [{ name: 'double', queueName: 'work', data: { n: 1 } }, { name: 'double', queueName: 'work', data: { n: 2 } }],
});
assert.equal(await tree.job.waitUntilFinished(events, 30_000), 6);
assert.deepEqual(Object.values(await tree.job.getChildrenValues()).sort(), [2, 4]);

const counts = await queue.getJobCounts('completed', 'failed', 'waiting', 'active');
assert.equal(counts.failed, 1);
assert.ok(counts.completed >= 108);
await queue.pause();
await queue.resume();
await queue.drain();
await queue.obliterate({ force: true });
await Promise.all([worker.close(), events.close(), queue.close(), flow.close()]);
