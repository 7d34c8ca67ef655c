// SPDX-License-Identifier: BSD-2-Clause
// The dashboard in headless Chromium: page.js ADDRESS FOLDER-FOR-PICTURES.  Each view and action, by
// keyboard alone where that says so, in light and dark, at 360 pixels; axe-core finds nothing.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const puppeteer = require("puppeteer-core");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [address, folder] = process.argv.slice(2);
const HOSTILE = "\\<img src=x onerror=alert\\(1\\)\\>.evil.example";
const wait = (page, test, ...args) => page.waitForFunction(test, { timeout: 20000 }, ...args);
const has = (page, selector, text) => wait(page, (s, t) =>
	document.querySelector(s).textContent.includes(t), selector, text);

async function axe(browser, page, what) {
	// by the debugger: the page's own policy lets no other script in
	await page.evaluate(AXE);
	const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));

	assert.deepStrictEqual(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], what);
}

async function open(browser, where, features = {}) {
	const page = await browser.newPage();
	const troubles = [];

	page.on("pageerror", (e) => troubles.push(String(e)));
	page.on("console", (m) => m.type() === "error" && troubles.push(m.text()));
	page.on("dialog", (d) => { troubles.push(`dialog ${d.message()}`); d.dismiss(); });
	page.on("request", (r) => r.url().startsWith("blob:") || r.url().startsWith(new URL(address).origin) ||
		troubles.push(`asks ${r.url()}`));
	await page.setViewport({ width: features.width || 1200, height: 900 });
	// a page that still scrolls has moved on from where a click was meant for
	await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: features.scheme || "light" },
		{ name: "prefers-reduced-motion", value: "reduce" }]);
	await page.goto(where);
	page.troubles = troubles;
	return page;
}

// The browser complains of an answer's status, sooner or later than the page tells of it.
async function complaint(page, status) {
	const end = Date.now() + 20000;
	const at = () => page.troubles.findIndex((t) => t.includes(`status of ${status}`));

	while (at() < 0) {
		assert(Date.now() < end, `no complaint of ${status}`);
		await new Promise((done) => setTimeout(done, 20));
	}
	page.troubles.splice(at(), 1);
}

async function picture(page, name) {
	await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

async function fill(page, selector, text) {
	await page.focus(selector);
	await page.keyboard.type(text);
}

const tests = {
	async "a token that is missing or wrong lets nobody in"(browser) {
		const page = await open(browser, new URL("/", address).href);

		await wait(page, () => !document.getElementById("enter").hidden);
		await axe(browser, page, "token");
		await fill(page, "#enter-form input", "0".repeat(64));
		await page.keyboard.press("Enter");
		await wait(page, () => !document.getElementById("trouble").hidden);
		assert(await page.$eval("#all", (e) => e.hidden));
		await complaint(page, 401);
		await fill(page, "#enter-form input", new URL(address).hash.slice(1));
		await page.keyboard.press("Enter");
		await wait(page, () => !document.getElementById("all").hidden);
		return page;
	},

	async "the token leaves the address, and is kept nowhere"(browser) {
		const page = await open(browser, address);

		await wait(page, () => !document.getElementById("all").hidden);
		assert.strictEqual(new URL(page.url()).hash, "");
		assert.strictEqual(await page.evaluate(() => document.cookie + localStorage.length +
			sessionStorage.length), "00");
		await page.reload();
		await wait(page, () => !document.getElementById("enter").hidden);
		return page;
	},

	async "what is shown"(browser) {
		const page = await open(browser, address);

		await wait(page, () => !document.getElementById("all").hidden);
		await has(page, "#state", "lists in force");
		await has(page, "#lists-table", "mandatory");
		await has(page, "#clients-table", "127.0.0.1");
		await has(page, "#clients-table", "office-3.lan (hosts)");
		await page.waitForFunction(() => document.querySelector("#chart path")?.getAttribute("d"),
			{ timeout: 60000 }); // two samples
		await axe(browser, page, "light");
		await picture(page, "page-light");
		return page;
	},

	async "dark"(browser) {
		const page = await open(browser, address, { scheme: "dark" });

		await has(page, "#clients-table", "127.0.0.1");
		await axe(browser, page, "dark");
		await picture(page, "page-dark");
		return page;
	},

	async "360 pixels"(browser) {
		const page = await open(browser, address, { width: 360 });

		await has(page, "#clients-table", "127.0.0.1");
		assert(await page.evaluate(() => document.documentElement.scrollWidth <= 360), "too wide");
		await axe(browser, page, "360 pixels");
		await picture(page, "page-phone");
		return page;
	},

	async "block and take back, by keyboard alone"(browser) {
		const page = await open(browser, address);

		await wait(page, () => !document.getElementById("all").hidden);
		await page.keyboard.press("Tab");
		assert.strictEqual(await page.evaluate(() => document.activeElement.className), "skip");
		for (let i = 0; i < 60; i++) {
			await page.keyboard.press("Tab");
			if (await page.evaluate(() => document.activeElement.form?.id === "manual-form"))
				break;
		}
		await page.keyboard.type(HOSTILE);
		await page.keyboard.press("Tab");
		await page.keyboard.type("2h");
		await page.keyboard.press("Tab");
		await page.keyboard.type("<b>T-1</b>");
		await page.keyboard.press("Enter");
		await has(page, "#manual-said", "done, until");
		await has(page, "#manual-table", "<b>T-1</b>");
		assert.strictEqual(await page.$$eval("#all img, #all b", (e) => e.length), 0);
		await picture(page, "page-block");
		await page.$eval("#manual-table button", (b) => b.focus());
		await page.keyboard.press("Enter");
		await has(page, "#manual-table", "nothing is said");
		return page;
	},

	async "what the guard refuses is told"(browser) {
		const page = await open(browser, address);

		await wait(page, () => !document.getElementById("all").hidden);
		await fill(page, "#manual-form input[name=name]", "safe.example");
		await page.click("#manual-form button[name=block]");
		await has(page, "#trouble", "is above a protected name");
		await complaint(page, 409);
		return page;
	},

	async "explain"(browser) {
		const page = await open(browser, address);

		await wait(page, () => !document.getElementById("all").hidden);
		await fill(page, "#explain-form input[name=name]", "www.bad.example");
		await page.keyboard.press("Enter");
		await has(page, "#explain-said", "this decides");
		return page;
	},

	async "a list off and on"(browser) {
		const page = await open(browser, address);

		await has(page, "#lists-table", "Off 10 min");
		await page.click("#lists-table button");
		await has(page, "#lists-table", "off, by command");
		await page.click("#lists-table button");
		await wait(page, () => !document.getElementById("lists-table").textContent.includes("off, by command"));
		return page;
	},

	async "reload"(browser) {
		const page = await open(browser, address);

		await wait(page, () => !document.getElementById("all").hidden);
		await page.click("#reload");
		await has(page, "#reload-said", "done in");
		return page;
	},

	async "names of a client, hostile ones too, and a report"(browser) {
		const page = await open(browser, address);
		const client = await page.createCDPSession();

		await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
		await has(page, "#clients-table", "127.0.0.1");
		await page.click("#clients-table button");
		await has(page, "#names-table", "<script>");
		assert.strictEqual(await page.$$eval("#names-table script", (e) => e.length), 0);
		await axe(browser, page, "names");
		await page.click("#report-form button");
		for (let i = 0; i < 100 && !fs.existsSync(path.join(folder, "report.csv")); i++)
			await new Promise((done) => setTimeout(done, 100));
		assert(fs.readFileSync(path.join(folder, "report.csv"), "utf8").startsWith("client,list,"));
		return page;
	},

	async "live"(browser) {
		const page = await open(browser, address);

		await wait(page, () => !document.getElementById("all").hidden);
		await page.click("#live-on");
		await has(page, "#tops", "Blocked names");
		await axe(browser, page, "live");
		return page;
	},
};

async function main() {
	const browser = await puppeteer.launch({ executablePath: "/usr/bin/chromium", headless: true,
		args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
	let failed = 0;

	for (const [name, test] of Object.entries(tests)) {
		try {
			const page = await test(browser);

			assert.deepStrictEqual(page.troubles, [], "troubles");
			await page.close();
			console.log(`ok ${name}`);
		} catch (error) {
			failed++;
			console.log(`FAILED ${name}: ${error.stack}`);
		}
	}
	await browser.close();
	process.exit(failed ? 1 : 0);
}

main();
