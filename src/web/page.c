/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/page.h"

#include <event2/buffer.h>
#include <string.h>

#include "web/door.h"

/* Puts the file into the program, as the octets from `symbol` to `symbol`_end. */
#define FILE_OF_PAGE(symbol, file)                                                                 \
	__asm__(".pushsection .rodata\n"                                                           \
		".global " #symbol ", " #symbol "_end\n" #symbol ":\n"                             \
		".incbin \"src/web/page/" file "\"\n" #symbol "_end:\n"                            \
		".popsection\n");                                                                  \
	extern const char symbol[], symbol##_end[];

FILE_OF_PAGE(web_page_html, "index.html")
FILE_OF_PAGE(web_page_css, "page.css")
FILE_OF_PAGE(web_page_js, "page.js")
FILE_OF_PAGE(web_page_icon, "icon.svg")

static const struct file {
	const char *path;
	const char *type;
	const char *begin;
	const char *end;
} files[] = {
	{"/", "text/html; charset=utf-8", web_page_html, web_page_html_end},
	{"/page.css", "text/css; charset=utf-8", web_page_css, web_page_css_end},
	{"/page.js", "text/javascript; charset=utf-8", web_page_js, web_page_js_end},
	{"/icon.svg", "image/svg+xml", web_page_icon, web_page_icon_end},
};

static void answer(struct evhttp_request *req, const struct file *file)
{
	struct evbuffer *body = evbuffer_new();

	if (body && evbuffer_add(body, file->begin, (size_t)(file->end - file->begin)) == 0)
		door_reply_page(req, file->type, body);
	else
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	if (body)
		evbuffer_free(body);
}

bool page_answer(struct evhttp_request *req)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	enum evhttp_cmd_type method = evhttp_request_get_command(req);

	if (!path || (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD))
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].path, path) != 0)
			continue;
		answer(req, &files[i]);
		return true;
	}
	return false;
}
