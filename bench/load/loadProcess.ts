import { generate } from './generate.ts';
import type { LoadPlan } from './plan.ts';

/** The generator's own process: a plan comes in as a message, the result or the error's text goes back. */
process.once('message', (plan) => {
  generate(plan as LoadPlan).then(
    (result) => process.send!({ result }, () => process.disconnect()),
    (error: unknown) => process.send!({ error: String(error) }, () => process.disconnect()),
  );
});
