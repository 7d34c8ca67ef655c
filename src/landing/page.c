/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing/page.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "landing/words.h"

static const char style[] =
	"body{max-width:36em;margin:2em auto;padding:0 1em;font:1.05em/1.5 sans-serif;"
	"color:#1a1a1a;background:#fff}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.5em}"
	"a{color:#0645ad;overflow-wrap:anywhere}b{overflow-wrap:anywhere}"
	".note{margin-top:2em;border-top:1px solid #767676;padding-top:.5em;color:#555;"
	"font-size:.9em}@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}"
	"a{color:#8ab4f8}.note{color:#bbb}}";

/* A page that is being written. */
struct page {
	struct evbuffer *out;
	const struct words *w;
	const struct order *order;
	const char *host;
	bool failed;
};

static void put_octets(struct page *p, const char *text, size_t len)
{
	p->failed |= evbuffer_add(p->out, text, len) != 0;
}

static void put(struct page *p, const char *markup)
{
	put_octets(p, markup, strlen(markup));
}

/* Text of others, in which nothing is markup. */
static void put_text(struct page *p, const char *text)
{
	static const struct {
		char c;
		const char *as;
	} marks[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"},
	};

	for (; *text; text++) {
		size_t i = 0;

		while (i < sizeof(marks) / sizeof(marks[0]) && marks[i].c != *text)
			i++;
		if (i < sizeof(marks) / sizeof(marks[0]))
			put(p, marks[i].as);
		else
			put_octets(p, text, 1);
	}
}

/* What {NAME} stands for. */
static const char *value_of(const struct page *p, const char *name, size_t len)
{
	const struct {
		const char *name;
		const char *value;
	} values[] = {
		{"host", p->host},
		{"court", p->order->court},
		{"case", p->order->case_id},
		{"date", p->order->date},
		{"family", p->order->family},
		{"contact", p->order->contact},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
			return values[i].value;
	return "";
}

/* Words of ours, with what they name. */
static void put_words(struct page *p, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "{");
		size_t name_len;

		put_octets(p, text, len);
		text += len;
		if (!*text)
			return;
		name_len = strcspn(++text, "}");
		put(p, "<b>");
		put_text(p, value_of(p, text, name_len));
		put(p, "</b>");
		text += name_len + (text[name_len] == '}');
	}
}

static void put_paragraph(struct page *p, const char *text)
{
	put(p, "<p>");
	put_words(p, text);
	put(p, "</p>\n");
}

static void put_heading(struct page *p, const char *text)
{
	put(p, "<h2>");
	put_words(p, text);
	put(p, "</h2>\n");
}

/* The URL is one of the configuration: http or https. */
static void put_link(struct page *p, const char *text, const char *url)
{
	put(p, "<p>");
	put_words(p, text);
	put(p, " <a rel=\"noreferrer\" href=\"");
	put_text(p, url);
	put(p, "\">");
	put_text(p, url);
	put(p, "</a></p>\n");
}

static void put_head(struct page *p, enum language language)
{
	put(p, "<!DOCTYPE html>\n<html lang=\"");
	put(p, language_tag(language));
	put(p, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\""
	       " content=\"width=device-width,initial-scale=1\">\n<title>");
	put_words(p, p->w->title);
	put(p, "</title>\n<style>");
	put(p, style);
	put(p, "</style>\n</head>\n<body>\n<main>\n<h1>");
	put_words(p, p->w->title);
	put(p, "</h1>\n");
}

static void put_why(struct page *p)
{
	const struct order *o = p->order;

	put_paragraph(p, *p->host ? p->w->asked : p->w->asked_none);
	put_paragraph(p, *o->court ? p->w->by_order : p->w->by_nobody);
	if (*o->case_id)
		put_paragraph(p, p->w->case_number);
	if (*o->date)
		put_paragraph(p, p->w->date);
	put_paragraph(p, p->w->infected);
	if (*o->family)
		put_paragraph(p, p->w->family);
}

static void put_help(struct page *p)
{
	const struct order *o = p->order;

	put_heading(p, p->w->clean);
	if (*o->remedy)
		put_link(p, p->w->remedy, o->remedy);
	else
		put_paragraph(p, p->w->no_remedy);
	put_paragraph(p, p->w->passwords);
	put_heading(p, p->w->ask);
	put_paragraph(p, *o->contact ? p->w->contact : p->w->no_contact);
	if (*o->url)
		put_link(p, p->w->order, o->url);
	put(p, "<p class=\"note\">");
	put_words(p, p->w->noted);
	put(p, "</p>\n</main>\n</body>\n</html>\n");
}

enum err page_write(struct evbuffer *out, enum language language, const char *host,
		    const struct order *order)
{
	struct page p = {.out = out, .w = &words[language], .order = order, .host = host};

	put_head(&p, language);
	put_why(&p);
	put_help(&p);
	return p.failed ? ERR_NOMEM : ERR_OK;
}

enum err page_policy(char ret_policy[PAGE_POLICY_MAX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char text[2 * EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(style, sizeof(style) - 1, digest, &len, EVP_sha256(), NULL) != 1)
		return ERR_NOMEM;
	EVP_EncodeBlock(text, digest, (int)len);
	snprintf(ret_policy, PAGE_POLICY_MAX,
		 "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; "
		 "frame-ancestors 'none'",
		 (const char *)text);
	return ERR_OK;
}
