// SPDX-License-Identifier: BSD-2-Clause
// Each operation of the API, by a client that was generated from docs/openapi.json: client.mjs URL TOKEN
import assert from "node:assert/strict";
import { Sinkholed } from "sinkholed";

const [url, token] = process.argv.slice(2);
const api = new Sinkholed({ BASE: url, TOKEN: token }).default;
const called = new Set();

// what an operation answers; its name is noted
function call(name, ...parameters) {
  called.add(name);
  return api[name](...parameters);
}

// the status that an operation fails with
async function refused(name, ...parameters) {
  try {
    await call(name, ...parameters);
  } catch (error) {
    return error.status;
  }
  assert.fail(`${name} did not fail`);
}

const lists = async () => (await call("lists")).lists.map((list) => list.name);
const verdict = async (name) => (await call("explain", name)).verdict;

assert.ok((await call("status")).version);
assert.ok("queries_udp" in (await call("stats")));
assert.deepEqual((await lists()).slice(-2), ["court", "adverts"]);
while ((await call("upstreams")).upstreams.length !== 1) // the workers tell within a second
  await new Promise((resolve) => setTimeout(resolve, 100));
const before = await verdict("free.example");
await call("block", { name: "free.example", until: "1h", ticket: "T-1" });
assert.notEqual(await verdict("free.example"), before);
assert.ok(JSON.stringify(await call("manual")).includes("T-1"));
await call("withdraw", { name: "free.example" });
assert.equal(await verdict("free.example"), before);
const listed = await verdict("ads.example");
await call("unblock", { name: "ads.example" });
assert.notEqual(await verdict("ads.example"), listed);
await call("withdraw", { name: "ads.example", ticket: "T-2" });
await call("listOff", { list: "adverts", for: "10m" });
assert.notEqual(await verdict("ads.example"), listed);
assert.equal(await refused("listOff", { list: "court", for: "10m" }), 409);
await call("listOn", { list: "adverts" });
assert.equal(await verdict("ads.example"), listed);
await call("reload", { "dry-run": true });
await call("difference");
await call("reload", {});
await call("top");
await call("watch");
await call("clients", "1h");
await call("report", "json");
assert.ok(JSON.stringify(await call("receipts", "court", "json")).includes("bad.example"));
assert.ok((await call("audit", "court", "5")).events.length > 0);
assert.equal((await call("hunt", "bad.example")).found.length, 0);
assert.equal(await refused("fetch", { name: "court" }), 404); // it has no url
await call("history");
await call("page");
await call("flush", { name: "free.example" });
await call("logLevel", { level: "debug" });
assert.equal(await refused("logLevel", { level: "shout" }), 400);
assert.match(await call("metrics"), /^# HELP sinkholed_/);

const wrong = new Sinkholed({ BASE: url, TOKEN: "wrong" }).default;
await assert.rejects(wrong.status(), { status: 401 });
const all = Object.getOwnPropertyNames(Object.getPrototypeOf(api)).filter((name) => name !== "constructor");
assert.deepEqual(all.filter((name) => !called.has(name)), [], "operations that were not called");
console.log(`${all.length} operations by the generated client: all answer as docs/openapi.json has it`);
