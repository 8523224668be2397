// The smallest bot of the official Node SDK. What the driver asks of it is in ../README.md.
'use strict';

const lark = require('@larksuiteoapi/node-sdk');

// Does some work, as long as the text says.
async function wait(text) {
  const found = /wait-(\d+)/.exec(text || '');
  if (found) await new Promise((done) => setTimeout(done, Number(found[1])));
}

const eventDispatcher = new lark.EventDispatcher({}).register({
  'card.action.trigger': async (data) => {
    const name = data.action.name;
    console.log(`handled click ${name}`);
    if (name === 'fail' || name === 'panic') throw new Error('the order service is down');
    await wait(name);
    return { toast: { type: 'success', content: 'approved' } };
  },
  'url.preview.get': async (data) => {
    console.log(`handled preview ${data.context.url}`);
    return { inline: { title: 'Order 42' } };
  },
  'im.message.receive_v1': async (data) => {
    console.log(`handled message ${data.event_id}`);
    await wait(data.message.content);
  },
});

const client = new lark.WSClient({
  appId: process.env.FEISHU_APP_ID,
  appSecret: process.env.FEISHU_APP_SECRET,
  domain: process.env.FEISHU_DOMAIN,
  loggerLevel: process.env.BOT_DEBUG ? lark.LoggerLevel.debug : lark.LoggerLevel.info,
});

process.on('SIGTERM', () => client.close());

client.start({ eventDispatcher });
