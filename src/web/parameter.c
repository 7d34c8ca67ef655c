/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/parameter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/answer.h"

bool parameter_number(struct evhttp_request *req, const struct evkeyvalq *query, const char *key,
		      uint64_t otherwise, uint64_t *ret_number)
{
	const char *given = evhttp_find_header(query, key);
	char why[128];
	char *end;

	*ret_number = otherwise;
	if (!given)
		return true;
	errno = 0;
	*ret_number = strtoull(given, &end, 10);
	if (*given >= '0' && *given <= '9' && !*end && errno == 0 && *ret_number <= INT64_MAX)
		return true;
	snprintf(why, sizeof(why), "%s: expected a number, got \"%.40s\"", key, given);
	answer_refuse(req, HTTP_BADREQUEST, why);
	return false;
}

struct search {
	const char *name;
	bool found;
};

static void look(const struct web_now *now, void *arg)
{
	const struct conf *conf = now->snapshot->conf;
	struct search *search = arg;

	for (size_t i = 0; i < conf->lists_count; i++)
		search->found = search->found || strcmp(conf->lists[i].name, search->name) == 0;
}

bool parameter_is_list(const struct web_view *view, const char *name)
{
	static const char *const others[] = {POLICY_MANUAL_BLOCK_NAME, POLICY_MANUAL_PASS_NAME,
					     FINDINGS_UPSTREAM_NAME};
	struct search search = {.name = name};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i], name) == 0)
			return true;
	view->look(view->daemon, look, &search);
	return search.found;
}

void parameter_refuse_list(struct evhttp_request *req, const char *name)
{
	char why[128];

	snprintf(why, sizeof(why), "there is no list %.*s", (int)POLICY_LIST_NAME_MAX, name);
	answer_refuse(req, HTTP_NOTFOUND, why);
}
