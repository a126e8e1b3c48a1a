// Tries every call of a list on every policy in a folder, with a simulator of IAM that is not ours. Says what each policy of
// an identity answers, as JSON, and what the simulator finds wrong with the policies or the calls themselves.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [library, folder, list] = process.argv.slice(2);
const found = createRequire(join(library, "here.js")).resolve("@cloud-copilot/iam-simulate");
const { runSimulation, runUnsafeSimulation } = await import(pathToFileURL(found).href);

const account = "123456789012";
const calls = readFileSync(list, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [place, action, resource, context] = line.split("\t");
    const keys = (context ?? "").split(";").filter((one) => one !== "");
    return { place, action, resource, context: Object.fromEntries(keys.map((one) => one.split(/=(.*)/s).slice(0, 2))) };
  });

const answers = {};
const wrong = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const role = file.replace(/\.json$/, "");
  const policy = JSON.parse(readFileSync(join(folder, file), "utf8"));
  answers[role] = [];
  for (const { action, resource, context } of calls) {
    const simulation = {
      request: {
        principal: `arn:aws:iam::${account}:user/somebody`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context,
      },
      identityPolicies: [{ name: role, policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    };
    const said = await runSimulation(simulation, {});
    // It knows a multi-region access point, but none of what is asked of one: then it only compares.
    const isPoint = said.resultType === "error" && said.errors.message === "no.resource.types" && resource.includes(".mrap");
    if (isPoint) {
      answers[role].push(runUnsafeSimulation(simulation, {}) === "Allowed");
      continue;
    }
    if (said.resultType === "error") {
      wrong.push({ role, action, resource, errors: said.errors });
      answers[role].push(null);
      continue;
    }
    const results = said.resultType === "single" ? [said.result] : said.results;
    if (results.some((result) => (result.ignoredContextKeys ?? []).length > 0)) {
      wrong.push({ role, action, resource, errors: "a condition key that this call does not have" });
    }
    // The identity's side alone: what a bucket's or a key's own policy says is the agency's.
    const allows = results.map((result) => result.analysis.identityAnalysis?.result === "Allowed");
    answers[role].push(allows.length > 0 && allows.every(Boolean));
  }
}
console.log(JSON.stringify({ answers, wrong }));
