/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names that no list may take away are completed: to those of guard.protected come those of the
 * file that guard.protected-file names, and the hosts of lists that are fetched.  Upstreams are not
 * among them: they have addresses (list/addrguard.h), nobody asks for their tls-name, and lists of
 * public resolvers name those on purpose.
 */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/file.h"
#include "conf/rules.h"
#include "dns/name.h"

/* ERR_RANGE: there is no room for it. */
static enum err protect(struct conf_guard *guard, const struct name *name)
{
	char text[NAME_TEXT_MAX];
	char **grown; /* by one */

	name_to_text(name->wire, text, sizeof(text));
	for (size_t i = 0; i < guard->protected_count; i++)
		if (strcmp(guard->protected[i], text) == 0)
			return ERR_OK;
	if (guard->protected_count == CONF_NAMES_MAX)
		return ERR_RANGE;
	grown = reallocarray(guard->protected, guard->protected_count + 1, sizeof(*grown));
	if (!grown)
		return ERR_NOMEM;
	guard->protected = grown;
	grown[guard->protected_count] = strdup(text);
	if (!grown[guard->protected_count])
		return ERR_NOMEM;
	guard->protected_count++;
	return ERR_OK;
}

/* ---- the file */

static enum err protect_line(struct conf_guard *guard, char *line)
{
	struct name name;
	enum err err;

	line[strcspn(line, "#\r")] = '\0';
	line += strspn(line, " \t");
	for (size_t len = strlen(line); len > 0 && strchr(" \t", line[len - 1]);)
		line[--len] = '\0';
	if (!*line)
		return ERR_OK;
	err = name_from_host(line, strlen(line), &name);
	return err == ERR_OK && name.len > 1 ? protect(guard, &name)
	       : err == ERR_OK		     ? ERR_SYNTAX
					     : err;
}

static void protect_lines(struct conf_place *place, struct conf_mark mark, struct conf_guard *guard,
			  char *text)
{
	enum err err = ERR_OK;
	char *line;

	for (size_t number = 1; err == ERR_OK && (line = strsep(&text, "\n")); number++) {
		err = protect_line(guard, line);
		if (err == ERR_RANGE)
			conf_fail(place, mark, "%s:%zu: more than %u protected names",
				  guard->protected_file, number, CONF_NAMES_MAX);
		else if (err != ERR_OK && err != ERR_NOMEM)
			conf_fail(place, mark, "%s:%zu: expected a host name such as example.com",
				  guard->protected_file, number);
	}
	if (err == ERR_NOMEM)
		conf_fail_nomem(place);
}

static void protect_file(struct conf_place *place, const struct conf_node *section,
			 struct conf_guard *guard)
{
	struct conf_mark mark = mark_in(section, "protected-file");
	size_t before = conf_place_enter(place, "guard");
	char *text = NULL;
	enum err err;
	size_t len;

	(void)conf_place_enter(place, "protected-file");
	err = file_read(guard->protected_file, CONF_FILE_MAX, &text, &len);
	if (err == ERR_NOMEM)
		conf_fail_nomem(place);
	else if (err != ERR_OK)
		conf_fail(place, mark, "%s: %s", guard->protected_file, conf_file_reason(err));
	else if (strlen(text) < len)
		conf_fail(place, mark, "%s: a NUL character in the text", guard->protected_file);
	else
		protect_lines(place, mark, guard, text);
	free(text);
	conf_place_leave(place, before);
}

/* ---- hosts */

/* Of one that is an address there is no name. */
static void protect_host(struct conf_place *place, struct conf_guard *guard, const char *host,
			 size_t len)
{
	char text[NAME_TEXT_MAX];
	struct name name;
	struct ip ip;

	if (len == 0 || len >= sizeof(text))
		return;
	memcpy(text, host, len);
	text[len] = '\0';
	if (ip_parse(text, &ip) == ERR_OK || name_from_host(text, len, &name) != ERR_OK ||
	    name.len <= 1)
		return;
	if (protect(guard, &name) == ERR_NOMEM)
		conf_fail_nomem(place);
}

static void protect_list_hosts(struct conf_place *place, struct conf *conf)
{
	for (size_t i = 0; i < conf->lists_count; i++) {
		const char *url = conf->lists[i].url;
		const char *host = url ? strstr(url, "://") : NULL;

		if (host)
			protect_host(place, &conf->guard, host + 3, strcspn(host + 3, ":/?#"));
	}
}

void conf_rules_guard(struct conf_place *place, const struct conf_node *root, struct conf *conf)
{
	struct conf_guard *guard = &conf->guard;

	if (guard->protected_file && *guard->protected_file)
		protect_file(place, conf_node_find(root, "guard"), guard);
	protect_list_hosts(place, conf);
}
