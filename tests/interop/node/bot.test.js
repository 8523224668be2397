// A test of the bot with Node's test runner: the local platform and the bot run as processes, a click is judged over HTTP.
//
//     FEISHU_GATEWAY=path/to/feishu-gateway node --test
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { after, before, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

let platform, bot, url;

async function post(call, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${url}/local/${call}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return answer.json();
}

before(async () => {
  platform = spawn(process.env.FEISHU_GATEWAY || 'feishu-gateway', ['--port', '0', '--json']);
  const [line] = await once(readline.createInterface(platform.stdout), 'line');
  const started = JSON.parse(line).data;
  url = started.base_url;
  const env = { ...process.env, FEISHU_APP_ID: started.app_id, FEISHU_APP_SECRET: started.app_secret, FEISHU_DOMAIN: url };
  bot = spawn(process.execPath, [path.join(__dirname, 'bot.js')], { env, stdio: 'ignore' });
  for (let wait = 0; wait < 600; wait += 1) {
    const health = await (await fetch(`${url}/local/health`)).json();
    if (health.connections > 0) return;
    await sleep(50);
  }
  throw new Error('the bot does not connect');
});

after(() => {
  bot?.kill('SIGKILL');
  platform?.kill('SIGKILL');
});

test('a click shows a toast', async () => {
  const outcome = await post('click', { name: 'approve', value: { order: 42 } });
  assert.equal(outcome.code, 200);
  assert.deepEqual(outcome.data, { toast: { type: 'success', content: 'approved' } });
  assert.ok(outcome.verdict.ok, JSON.stringify(outcome.verdict));
});

test('a failing handler shows an error', async () => {
  const outcome = await post('click', { name: 'fail' });
  assert.equal(outcome.verdict.code, 200671);
});
