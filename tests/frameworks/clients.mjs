// node-redis and ioredis: publish/subscribe and transactions.

import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { createClient, WatchError } from 'redis';

const port = Number(process.env.PORT);

async function nodeRedis(RESP) {
  const client = await createClient({ RESP, socket: { port } }).connect();
  const other = await client.duplicate().connect();
  await client.flushAll();
  const replies = await client.multi().set('k', '1').incr('k').get('k').exec();
  assert.deepEqual(replies, ['OK', 2, '2']);

  const own = await client.duplicate().connect();
  await own.watch('k');
  await other.set('k', '5');
  await assert.rejects(own.multi().set('k', '6').exec(), WatchError);
  assert.equal(await client.get('k'), '5');

  const subscriber = await client.duplicate().connect();
  const seen = [];
  const done = new Promise((resolve) => {
    const note = (message) => seen.push(message) === 100 && resolve();
    subscriber.subscribe('news', note).then(async () => {
      for (let n = 0; n < 100; n += 1) await other.publish('news', String(n));
    });
  });
  await done;
  assert.deepEqual(seen, Array.from({ length: 100 }, (_, n) => String(n)));
  await subscriber.unsubscribe('news');
  assert.equal(String(await subscriber.ping()), 'PONG');

  const blocked = own.blPop('list', 10);
  await other.rPush('list', 'x');
  assert.deepEqual({ ...(await blocked) }, { key: 'list', element: 'x' });
  for (const each of [client, other, own, subscriber]) each.destroy();
}

async function ioRedis() {
  const client = new Redis(port);
  const other = new Redis(port);
  await client.flushall();
  const replies = await client.multi().set('k', '1').incr('k').lpush('k', 'x').get('k').exec();
  assert.deepEqual(replies.map(([error, value]) => (error ? error.message.split(' ')[0] : value)), ['OK', 2, 'WRONGTYPE', '2']);
  const [pipelined] = await client.pipeline().get('k').exec();
  assert.deepEqual(pipelined, [null, '2']);

  await client.watch('k');
  await other.set('k', '5');
  assert.equal(await client.multi().set('k', '6').exec(), null);

  const subscriber = new Redis(port);
  const seen = [];
  const done = new Promise((resolve) => {
    subscriber.on('pmessage', (pattern, channel, message) => seen.push(`${pattern} ${channel} ${message}`) === 50 && resolve());
  });
  await subscriber.psubscribe('new*');
  for (let n = 0; n < 50; n += 1) await other.publish('news', n);
  await done;
  assert.equal(seen[49], 'new* news 49');

  client.defineCommand('double', { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)" });
  await other.set('n', 1);
  assert.equal(await client.double('n', 4), 9);
  for (const each of [client, other, subscriber]) each.disconnect();
}

await nodeRedis(2);
await nodeRedis(3);
await ioRedis();
