import { pluginConformance } from 'elanus/conformance';
import { registerCases } from 'elanus/conformance/node-test';
import manifest from '../package.json' with { type: 'json' };

const plugin = new URL('../src/index.ts', import.meta.url);
const kit = await pluginConformance(plugin, { options: manifest.elanus.check });
registerCases(`${kit.port}: ${kit.name}`, kit.cases);
