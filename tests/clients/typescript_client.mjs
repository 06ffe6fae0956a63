// The TypeScript SDK's clients over stdio: node typescript_client.mjs <package> <mode> '<story as JSON>'
// Copied to and run from a folder whose node_modules holds the package. Prints one JSON line for each step.
import { setTimeout as reading } from 'node:timers/promises';

const [name, mode, storyText] = process.argv.slice(2);
const story = JSON.parse(storyText);
const tell = (step, result) => console.log(JSON.stringify({ step, result }));

async function firstGeneration(answer) {
  const { Client } = await import(`${name}/client/index.js`);
  const { StdioClientTransport } = await import(`${name}/client/stdio.js`);
  const { ElicitRequestSchema } = await import(`${name}/types.js`);
  const client = new Client({ name: 'story', version: '1' }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, () => answered(answer));
  return [client, new StdioClientTransport(server())];
}

async function secondGeneration(answer) {
  const { Client } = await import(name);
  const { StdioClientTransport } = await import(`${name}/stdio`);
  const options = { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } };
  const client = new Client({ name: 'story', version: '1' }, options);
  client.setRequestHandler('elicitation/create', () => answered(answer));
  return [client, new StdioClientTransport(server())];
}

function server() {
  const [command, ...args] = story.server;
  return { command, args, env: process.env, stderr: 'ignore' };
}

async function answered(answer) {
  await reading(story.readingSeconds * 1000);
  return answer;
}

async function inSession(answer, play) {
  const [client, transport] = await (mode === 'first' ? firstGeneration : secondGeneration)(answer);
  await client.connect(transport, { timeout: 60000 });
  const call = async (tool, given) => (await client.callTool({ name: tool, arguments: given })).structuredContent;
  await play(client, call);
  await client.close();
}

await inSession({ action: 'accept', content: { approve: true } }, async (client, call) => {
  tell('list', (await client.listTools()).tools.map((tool) => tool.name));
  tell('search', await call('search_gpu_products', story.search));
  tell('preview', await call('create_gpu_instance', { ...story.order, dryRun: true }));
  tell('approved', await call('create_gpu_instance', story.order));
});
await inSession({ action: 'decline' }, async (client, call) => {
  tell('declined', await call('create_gpu_instance', story.order));
});
