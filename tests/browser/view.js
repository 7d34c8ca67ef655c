// SPDX-License-Identifier: BSD-2-Clause
// How long the dashboard takes until its first view is there, the clients with it, in headless Chromium:
// view.js ADDRESS VIEWS; a line of milliseconds each, from going there.
"use strict";

const puppeteer = require("puppeteer-core");

const [address, views] = process.argv.slice(2);
const shown = () => !document.getElementById("all").hidden && document.querySelectorAll("#clients-table tbody tr").length > 0;

(async () => {
	const browser = await puppeteer.launch({ executablePath: "/usr/bin/chromium", headless: true,
		args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });

	for (let i = 0; i < Number(views); i++) {
		const page = await browser.newPage();
		const begin = performance.now();

		await page.goto(address);
		await page.waitForFunction(shown, { timeout: 60000, polling: "raf" });
		console.log((performance.now() - begin).toFixed(0));
		await page.close();
	}
	await browser.close();
})();
