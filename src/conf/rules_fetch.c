/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/rules.h"

/* Where the copy of a list is that is fetched; NULL: out of memory.  The caller frees it. */
static char *copy_of(const struct conf *conf, const struct conf_list *list)
{
	char *path;

	return asprintf(&path, "%s/fetched/%s.list", conf->state.directory, list->name) < 0 ? NULL
											    : path;
}

/* The part of a URL that names the server, with its length. */
static const char *server_of(const char *url, size_t *ret_len)
{
	const char *at = strstr(url, "://") + 3;

	*ret_len = strcspn(at, "/?#");
	return at;
}

/* What only a list that is fetched can use. */
static void rule_file(const struct items *items, const struct conf_node *node,
		      const struct conf_list *list)
{
	const struct {
		const char *key;
		const char *value;
	} others[] = {
		{"header", list->header},	  {"client-certificate", list->client_certificate},
		{"client-key", list->client_key}, {"tls-ca", list->tls_ca},
		{"proxy", list->proxy},
	};

	/* of several that are missing, one is told */
	if (!*list->file && list->name && *list->name)
		conf_fail(items->place, conf_node_mark(node),
			  "the required option \"file\" is missing, or \"url\"");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (*others[i].value && *list->file)
			fail_key(items->place, node, others[i].key,
				 "expected url instead of file: this is for what is fetched");
}

static void rule_url(const struct items *items, const struct conf_node *node,
		     const struct conf_list *list)
{
	size_t len;
	const char *server = server_of(list->url, &len);

	if (len == 0)
		fail_key(items->place, node, "url", "expected a host behind the ://");
	if (memchr(server, '@', len))
		fail_key(items->place, node, "url",
			 "expected no name and password, which would be logged: give them as "
			 "header, \"Authorization: Basic ...\"");
	if (!*items->conf->state.directory)
		fail_key(items->place, node, "url",
			 "expected state.directory as well, where what is fetched is kept");
	if (!*list->client_certificate != !*list->client_key)
		fail_key(items->place, node,
			 *list->client_key ? "client-key" : "client-certificate",
			 "expected client-certificate and client-key together");
}

/* A file may be named beside the URL where it is the very copy: so a dump can be read again. */
static void rule_copy(const struct items *items, const struct conf_node *node,
		      const struct conf_list *list)
{
	char *copy = copy_of(items->conf, list);

	if (!copy)
		conf_fail_nomem(items->place);
	else if (*list->file && strcmp(list->file, copy) != 0)
		fail_key(items->place, node, "file",
			 "expected a file or a url, not both; of a url the copy is %s", copy);
	free(copy);
}

static void rule_source(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_list *list = &((const struct conf_list *)items->array)[index];

	if (!*list->url) {
		rule_file(items, node, list);
		return;
	}
	rule_url(items, node, list);
	rule_copy(items, node, list);
}

/* What has a mistake has no file. */
static void give_file(struct conf_place *place, const struct conf *conf, struct conf_list *list)
{
	char *copy;

	if (!list->url || !*list->url || !list->name || !list->file || *list->file ||
	    !conf->state.directory || !*conf->state.directory)
		return;
	copy = copy_of(conf, list);
	if (!copy) {
		conf_fail_nomem(place);
		return;
	}
	free(list->file);
	list->file = copy;
}

void conf_rules_fetch(struct conf_place *place, const struct conf_node *root, struct conf *conf)
{
	const struct items all = {.place = place, .conf = conf};

	FOR_EACH(&all, root, "lists", conf->lists, rule_source);
	for (size_t i = 0; i < conf->lists_count; i++)
		give_file(place, conf, &conf->lists[i]);
}
