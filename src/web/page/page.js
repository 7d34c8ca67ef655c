// SPDX-License-Identifier: BSD-2-Clause
// The dashboard.  All that comes from the daemon is hostile text: it is put into the page by
// textContent and by attributes that are no code, never as markup.
"use strict";

const REFRESH_MS = 5000;
const LIVE_MS = 2000;

let token = "";
const $ = (id) => document.getElementById(id);

// ---- the daemon

async function ask(method, path, body) {
	const answer = await fetch(path, {
		method, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer",
		headers: { Authorization: `Bearer ${token}` },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	if (answer.ok)
		return answer;
	let why = `status ${answer.status}`;
	try {
		why = (await answer.json()).error;
	} catch { /* it has said nothing more */ }
	const error = new Error(why);
	error.status = answer.status;
	throw error;
}

const get = async (path) => (await ask("GET", path)).json();
const post = async (path, body) => (await ask("POST", path, body)).json();

// What an action has met stays until the next one; what a refresh has met, until one goes well.
function trouble(error, refreshing) {
	if (!error && !$("trouble").dataset.refreshing && refreshing)
		return;
	$("trouble").dataset.refreshing = refreshing ? "yes" : "";
	$("trouble").hidden = !error;
	$("trouble").textContent = error ? `The daemon says: ${error.message}` : "";
	if (error && error.status === 401)
		leave();
}

function run(act) {
	trouble(null);
	act().catch((error) => trouble(error));
}

// ---- texts

const count = (n) => Number(n).toLocaleString("en");
const rate = (n) => (n < 10 ? n.toFixed(1) : count(Math.round(n)));

function time(unix_s) {
	return unix_s ? new Date(unix_s * 1000).toISOString().slice(0, 16).replace("T", " ") : "";
}

function span(s) {
	if (s < 120)
		return `${s} s`;
	if (s < 7200)
		return `${Math.floor(s / 60)} min`;
	return s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}

// ---- elements

function make(tag, text, className) {
	const element = document.createElement(tag);

	if (text !== undefined)
		element.textContent = String(text);
	if (className)
		element.className = className;
	return element;
}

function button(text, label, act) {
	const element = make("button", text, "small");

	element.type = "button";
	element.setAttribute("aria-label", label);
	element.addEventListener("click", () => run(act));
	return element;
}

// A cell is a text, a number, or elements.
function cell(value) {
	if (typeof value === "number")
		return make("td", count(value), "number");
	const td = make("td");

	td.append(...(Array.isArray(value) ? value : [value]));
	return td;
}

// Fills a table anew, but keeps the focus where it is.
function fill(id, heads, rows, nothing) {
	const table = $(id);
	const focused = table.contains(document.activeElement)
		? document.activeElement.getAttribute("aria-label") : null;
	const head = make("tr");
	const body = make("tbody");

	for (const text of heads) {
		const th = make("th", text);

		th.scope = "col";
		head.append(th);
	}
	for (const row of rows) {
		const tr = make("tr");

		tr.append(...row.map(cell));
		body.append(tr);
	}
	if (rows.length === 0) {
		const td = make("td", nothing);
		const tr = make("tr");

		td.colSpan = heads.length;
		tr.append(td);
		body.append(tr);
	}
	const thead = make("thead");

	thead.append(head);
	table.replaceChildren(thead, body);
	for (const b of focused ? table.querySelectorAll("button") : [])
		if (b.getAttribute("aria-label") === focused)
			b.focus();
}

// ---- overview

function showState(status) {
	const load = status.load;

	$("state").textContent = `sinkholed ${status.version}, running for ${span(status.uptime)}; ` +
		`${count(status.names)} names of ${status.lists} lists in force` +
		(load.failed ? `; the last reload FAILED: ${load.reason}` : "") +
		(load.refused ? `; ${load.refused} lists refused` : "") +
		(status.manual.lists_off.length ? `; off: ${status.manual.lists_off.join(", ")}` : "");
	$("state").className = load.failed || load.refused ? "bad" : "";
}

function tile(name, value) {
	const div = make("div");

	div.append(make("dt", name), make("dd", value));
	return div;
}

// Rates between the samples, which are sums.
function rates(samples) {
	const found = [];

	for (let i = 1; i < samples.length; i++) {
		const a = samples[i - 1];
		const b = samples[i];
		const s = Math.max(1, b.at - a.at);

		found.push({ at: b.at, all: Math.max(0, b.queries - a.queries) / s,
			blocked: Math.max(0, b.blocked - a.blocked) / s,
			failed: Math.max(0, b.failed - a.failed) / s });
	}
	return found;
}

function line(points, key, most, from, to) {
	const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
	const at = points.map((p) => {
		const x = 720 * (p.at - from) / Math.max(1, to - from);
		const y = 175 - 165 * p[key] / most;

		return `${x.toFixed(1)} ${y.toFixed(1)}`;
	});

	path.setAttribute("d", at.length > 1 ? `M${at.join("L")}` : "");
	path.setAttribute("class", key);
	return path;
}

function showChart(samples) {
	const points = rates(samples);
	const most = Math.max(1, ...points.map((p) => p.all));
	const last = points[points.length - 1] || { all: 0, blocked: 0, failed: 0, at: 0 };
	const from = points.length ? points[0].at : 0;

	$("chart").replaceChildren(...["all", "blocked", "failed"].map((key) =>
		line(points, key, most, from, last.at)));
	$("chart-words").textContent = points.length < 2 ? "Samples come each ten seconds."
		: `${time(from)} to ${time(last.at)} UTC; at most ${rate(most)} a second; now ` +
			`${rate(last.all)}, of which ${rate(last.blocked)} blocked and ` +
			`${rate(last.failed)} failed`;
	return last;
}

function showTiles(stats, last) {
	const queries = stats.queries_udp + stats.queries_tcp;
	const blocked = stats.blocked_name + stats.blocked_cname + stats.blocked_address + stats.rebinding;

	$("tiles").replaceChildren(
		tile("queries a second", rate(last.all)), tile("queries since the start", count(queries)),
		tile("blocked", `${count(blocked)} (${queries ? (100 * blocked / queries).toFixed(1) : 0} %)`),
		tile("from the cache", count(stats.cache_hits)), tile("failed", count(stats.servfail)),
		tile("lost by the kernel", count(stats.kernel_drops)));
}

// ---- clients

async function download(path, name) {
	const blob = await (await ask("GET", path)).blob();
	const link = make("a");

	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function showNames(client) {
	const query = new URLSearchParams({ format: "json", client });
	const text = await (await ask("GET", `v1/report?${query}`)).text();
	const rows = text.split("\n").filter((l) => l).map((l) => JSON.parse(l));

	$("client-names").hidden = false;
	$("client-names-title").textContent = `What ${client} has asked for`;
	fill("names-table", ["Name", "List", "First", "Last", "Queries", "Types", "Over"],
		rows.map((r) => [String(r.name), [r.list, r.family].filter((t) => t).join(", "),
			String(r.first_seen), String(r.last_seen), r.count, String(r.types),
			String(r.transports)]), "nothing");
	$("client-names-title").focus();
}

function showClients(found) {
	$("clients-words").textContent = found.whole ? `${count(found.clients.length)} clients`
		: "There are more than could be read in a moment: the newest of those that were.";
	fill("clients-table", ["Client", "Called", "First (UTC)", "Last (UTC)", "Queries", "Proven", "Names", "What"],
		found.clients.map((c) => [c.client, c.hostname ? `${c.hostname} (${c.hostname_from})` : "",
			time(c.first), time(c.last), c.count, c.proven, c.names, [
			button("Names", `Names that ${c.client} has asked for`, () => showNames(c.client)),
			button("CSV", `CSV of what ${c.client} has asked for`, () =>
				download(`v1/report?${new URLSearchParams({ format: "csv", client: c.client })}`,
					"report.csv"))]]), "nobody");
}

// ---- lists, upstreams, what was said by command

function orderOf(list) {
	const order = list.order || {};

	return ["court", "case", "date", "contact"].map((k) => order[k]).filter((t) => t).join(", ");
}

function stateOf(list) {
	if (list.off)
		return make("span", "off, by command", "bad");
	if (list.reason)
		return make("span", `refused: ${list.reason}`, "bad");
	return make("span", list.current ? "in force" : "an earlier version is in force",
		list.current ? "good" : "bad");
}

function listButtons(list) {
	if (list.mandatory || list.name === "manual-unblock")
		return "";
	if (list.off)
		return [button("On", `On: ask list ${list.name} again`, () =>
			say("v1/list-on", { list: list.name }))];
	return [button("Off 10 min", `Off 10 min: do not ask list ${list.name}`, () =>
		say("v1/list-off", { list: list.name, for: "10m" }))];
}

function showLists(lists) {
	fill("lists-table", ["List", "Action", "Order", "Names", "Held", "Hits", "Read (UTC)", "State", "What"],
		lists.map((l) => [l.name, l.action + (l.mandatory ? ", mandatory" : ""), orderOf(l), l.names,
			l.held, l.hits, time(l.loaded), [stateOf(l)], listButtons(l)]), "no list");
}

function showUpstreams(upstreams) {
	fill("upstreams-table", ["Server", "Over", "State", "Round trip"], upstreams.map((u) => [
		u.address, u.transport, [make("span", u.state, u.state === "well" ? "good" : "bad")],
		u.rtt_us ? `${(u.rtt_us / 1000).toFixed(1)} ms` : "not known"]), "none");
}

function showManual(entries) {
	fill("manual-table", ["What", "Of", "Until", "Ticket", "By", "Said", "Take back"], entries.map((e) => [
		e.kind + (e.held ? " (not in force: held back)" : ""), e.of, e.until || "for ever", e.ticket,
		e.by, e.since, e.kind === "list-off" ? "" : [button("Withdraw",
			`Withdraw ${e.kind} of ${e.of}`, () => say("v1/withdraw", { name: e.of }))]]),
	"nothing is said");
}

async function say(path, body) {
	const said = await post(path, body);

	$("manual-said").textContent = `${said.of}: done${said.until ? `, until ${said.until}` : ""}` +
		(said.now ? `; now ${said.now.verdict}, answered: ${said.now.answer}` : "") +
		(said.kept ? "" : "; it could NOT be kept, and holds until the next restart");
	await refresh();
}

// ---- explain

function showExplained(e) {
	const box = $("explain-said");
	const list = make("ul");

	for (const r of e.rules) {
		const text = `list ${r.list}${r.mandatory ? " (mandatory)" : ""}: ` +
			`${r.exception ? "exception for " : ""}${r.owner}, line ${r.line} of ${r.file}`;

		list.append(make("li", r.decides ? `${text}: this decides` : text));
	}
	box.replaceChildren(make("p", `${e.name} ${e.type}: ${e.verdict}; answered: ${e.answer}`),
		e.rules.length ? list : make("p", "no list has it"));
}

// ---- reload

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function reload() {
	const said = $("reload-said");
	const number = (await post("v1/reload", {})).reload;
	let load;

	said.replaceChildren(make("li", "reloading …"));
	do {
		await pause(300);
		load = (await get("v1/status")).load;
	} while (load.covered < number);
	const lists = (await get("v1/lists")).lists;

	said.replaceChildren(load.reason_new
		? make("li", `FAILED, all stays as it was: ${load.reason_new}`, "bad")
		: make("li", `done in ${load.took_ms} ms`),
	...lists.filter((l) => l.reason).map((l) => make("li", `list ${l.name} REFUSED: ${l.reason}`, "bad")));
	await refresh();
}

// ---- live

const TOPS = { names: "Names", blocked: "Blocked names", clients: "Clients" };

async function showLive() {
	if (!$("live-on").checked || !token)
		return;
	const top = await get("v1/top");

	$("tops").replaceChildren(...Object.entries(TOPS).map(([key, title]) => {
		const box = make("div");
		const list = make("ol");

		list.append(...top[key].map((r) => make("li", `${r.of} (${count(r.count)})`)));
		box.append(make("h3", title), list);
		return box;
	}));
}

// ---- all of it

async function refresh() {
	const found = {};

	// one after the other: so a browser takes one of the daemon's places, not six
	for (const what of ["status", "stats", "history", "lists", "upstreams", "manual"])
		found[what] = await get(`v1/${what}`);
	showState(found.status);
	showTiles(found.stats, showChart(found.history.samples));
	showLists(found.lists.lists);
	showUpstreams(found.upstreams.upstreams);
	showManual(found.manual.entries);
	try {
		showClients(await get("v1/clients"));
	} catch (error) {
		$("clients-words").textContent = error.message;
	}
	trouble(null, true);
}

function leave() {
	token = "";
	$("all").hidden = true;
	$("enter").hidden = false;
	$("enter-form").elements.token.focus();
}

async function enter(given) {
	token = given.trim();
	if (!token) {
		leave();
		return;
	}
	await refresh();
	$("all").hidden = false;
	$("enter").hidden = true;
}

function onSubmit(id, act) {
	$(id).addEventListener("submit", (event) => {
		const fields = Object.fromEntries([...new FormData(event.target)].filter(([, v]) => v));

		event.preventDefault();
		run(() => act(fields, event.submitter));
	});
}

function begin() {
	onSubmit("enter-form", async (f) => {
		$("enter-form").reset();
		await enter(f.token);
	});
	onSubmit("manual-form", async (f, by) => {
		await say(by && by.name === "unblock" ? "v1/unblock" : "v1/block", f);
		$("manual-form").reset();
	});
	onSubmit("explain-form", async (f) => showExplained(await get(`v1/explain?${new URLSearchParams(f)}`)));
	onSubmit("report-form", (f) => download(`v1/report?${new URLSearchParams(f)}`, `report.${f.format}`));
	$("reload").addEventListener("click", () => run(reload));
	$("live-on").addEventListener("change", () => {
		$("tops").replaceChildren();
		showLive().catch((e) => trouble(e, true));
	});
	setInterval(() => token && !document.hidden && refresh().catch((e) => trouble(e, true)), REFRESH_MS);
	setInterval(() => document.hidden || showLive().catch((e) => trouble(e, true)), LIVE_MS);

	// what stands behind # is not sent to anybody, and is not left in the address
	const given = /^#[0-9a-f]{64}$/.test(location.hash) ? location.hash.slice(1) : "";

	if (given)
		history.replaceState(null, "", location.pathname);
	enter(given).catch(trouble);
}

begin();
