/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/generate.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "count/stats.h"
#include "tools/parameters.h"

/* ---- completions */

static void words(const char *before)
{
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++)
		printf("%s%s", i ? " " : before, commands[i].name);
}

static void write_bash(void)
{
	fputs("# bash completion of sinkholectl(8)\n"
	      "_sinkholectl()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n"
	      "\t--socket) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
	      "\tlog-level) COMPREPLY=($(compgen -W 'error warning notice info debug' -- "
	      "\"$word\")); return ;;\n\tesac\n\tCOMPREPLY=($(compgen -W '",
	      stdout);
	words("");
	fputs(" --socket --json --help --version' -- \"$word\"))\n}\n"
	      "complete -F _sinkholectl sinkholectl\n",
	      stdout);
}

/* For a shell's single quotes; help texts have none of their own. */
static void write_zsh(void)
{
	fputs("#compdef sinkholectl\nlocal -a commands\ncommands=(\n", stdout);
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++)
		printf("\t'%s:%s'\n", commands[i].name, commands[i].help);
	fputs(")\n_arguments '--socket[the daemon'\"'\"'s socket]:socket:_files' "
	      "'--json[answers as JSON]' \\\n\t'--help[print the commands]' "
	      "'--version[print the version]' \\\n\t'1:command:{_describe command commands}' "
	      "'*::argument:'\n",
	      stdout);
}

static void write_fish(void)
{
	fputs("complete -c sinkholectl -f\n"
	      "complete -c sinkholectl -l socket -r -F -d 'the socket of the daemon'\n"
	      "complete -c sinkholectl -l json -d 'answers as JSON'\n",
	      stdout);
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++)
		printf("complete -c sinkholectl -n __fish_use_subcommand -a %s -d '%s'\n",
		       commands[i].name, commands[i].help);
}

/* ---- the manual */

static void write_man_parameter(const struct parameter *p)
{
	const char *op = p->required ? "" : " Op";

	if (!p->option)
		printf("%s Ar %s", op, p->name);
	else if (p->flag)
		printf("%s Fl Fl %s", op, p->name);
	else
		printf("%s Fl Fl %s Ar %s", op, p->name, p->name);
}

static void write_man(void)
{
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++) {
		const struct command *c = &commands[i];
		struct parameter list[PARAMETERS_MAX];
		size_t count = parameters_of(c, list);

		printf(".It Cm %s", c->name);
		for (size_t p = 0; p < count; p++)
			write_man_parameter(&list[p]);
		printf("\n%c%s.\n.br\n.Li %s %s\n", toupper((unsigned char)*c->help), c->help + 1,
		       c->method, c->route);
	}
}

/* ---- the API */

static const char *type_of(const struct parameter *p)
{
	return p->flag ? "boolean" : "string";
}

static json_t *query_parameters(const struct command *c)
{
	struct parameter list[PARAMETERS_MAX];
	size_t count = parameters_of(c, list);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", list[i].name,
						"in", "query", "required", list[i].required,
						"schema", "type", type_of(&list[i])));
	return array;
}

static json_t *body_schema(const struct command *c)
{
	struct parameter list[PARAMETERS_MAX];
	size_t count = parameters_of(c, list);
	json_t *properties = json_object();
	json_t *required = json_array();
	json_t *schema;

	for (size_t i = 0; i < count; i++) {
		json_object_set_new(properties, list[i].name,
				    json_pack("{s:s}", "type", type_of(&list[i])));
		if (list[i].required)
			json_array_append_new(required, json_string(list[i].name));
	}
	schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
	if (json_array_size(required) > 0) /* an empty one is none, in OpenAPI 3.0 */
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

static json_t *responses(const struct command *c)
{
	const char *type = strcmp(c->route, "/metrics") == 0 ? "text/plain" : "application/json";
	json_t *good =
		json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "done", "content", type,
			  "schema", "type", strcmp(type, "text/plain") == 0 ? "string" : "object");

	return json_pack("{s:o, s:{s:s}}", "default", good, "401", "description",
			 "the token is missing or wrong");
}

static json_t *operation(const struct command *c)
{
	char id[PARAMETER_TEXT_MAX];
	json_t *made;

	snprintf(id, sizeof(id), "%s", c->name);
	for (char *blank = id; (blank = strchr(blank, ' '));)
		*blank = '-';
	made = json_pack("{s:s, s:s, s:o}", "operationId", id, "summary", c->help, "responses",
			 responses(c));

	if (strcmp(c->method, "GET") == 0)
		json_object_set_new(made, "parameters", query_parameters(c));
	else
		json_object_set_new(made, "requestBody",
				    json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content",
					      "application/json", "schema", body_schema(c)));
	return made;
}

static void write_counters(void)
{
#define COUNTER(field, help) printf(".It Cm %s\n%s.\n", #field, help);
	STATS_ROWS(COUNTER)
#undef COUNTER
}

static void write_openapi(void)
{
	json_t *paths = json_object();
	json_t *root;

	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++) {
		char method[8] = "";

		for (size_t n = 0; commands[i].method[n] && n + 1 < sizeof(method); n++)
			method[n] = (char)tolower((unsigned char)commands[i].method[n]);
		json_object_set_new(paths, commands[i].route,
				    json_pack("{s:o}", method, operation(&commands[i])));
	}
	root = json_pack("{s:s, s:{s:s, s:s}, s:[{s:[]}], s:{s:{s:{s:s, s:s}}}, s:o}", "openapi",
			 "3.0.3", "info", "title", "sinkholed", "version", "1", "security", "token",
			 "components", "securitySchemes", "token", "type", "http", "scheme",
			 "bearer", "paths", paths);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

bool generate(const char *what)
{
	static const struct {
		const char *what;
		void (*write)(void);
	} made[] = {
		{"bash", write_bash}, {"zsh", write_zsh},	    {"fish", write_fish},
		{"man", write_man},   {"counters", write_counters}, {"openapi", write_openapi},
	};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		if (strcmp(made[i].what, what) != 0)
			continue;
		made[i].write();
		return fflush(stdout) == 0;
	}
	return false;
}
