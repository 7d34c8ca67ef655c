/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/command.h"

#define CONF_PATH_DEFAULT "/etc/sinkholed/sinkholed.yaml"

/* The command line: all that reads or shows it is drawn from here. */
static const struct choice {
	const char *name;
	char letter;
	const char *argument; /* NULL: takes none */
	const char *help;
} choices[] = {
	{"config", 'c', "FILE", "read this configuration (" CONF_PATH_DEFAULT ")"},
	{"check", 'k', NULL, "check the configuration and its lists, and exit"},
	{"json", 'j', NULL, "with --check: print what was found as JSON"},
	{"accept", 'a', "LIST", "let the list, as it is now, lift once what is in force, and exit"},
	{"explain", 'e', "NAME",
	 "tell what a query for the name would be answered, and why, and exit"},
	{"type", 't', "TYPE", "of that query (A)"},
	{"client", 'C', "ADDRESS", "that it comes from (one that may ask)"},
	{"explain-diff", 'D', "OLD NEW",
	 "tell what becomes blocked and what free from one configuration to the other, and exit: 2 "
	 "where something becomes free"},
	{"list", 'l', "LIST", "with --explain-diff: OLD and NEW are files of this list"},
	{"limit", 'n', "NUMBER", "with --explain-diff: changes of each kind that are told (20)"},
	{"in-force", 'F', "NAME",
	 "tell which entries of orders covered the name at a time, and exit: 2 where none did"},
	{"at", 'T', "TIME", "with --in-force: that time, as 2026-11-28T08:00:00+01:00 (now)"},
	{"audit-verify", 'A', "FILE",
	 "tell whether the audit log (audit.log of state.directory) is as it was written, and "
	 "exit"},
	{"checkpoint", 'P', "FILE",
	 "with --audit-verify: a copy of audit.checkpoint that was kept elsewhere"},
	{"key", 'K', "FILE", "with --audit-verify: the public key (audit.pub beside the log)"},
	{"dump-config", 'd', NULL, "print the configuration with all its values, and exit"},
	{"version", 'V', NULL, "print the version, and exit"},
	{"help", 'h', NULL, "print this help, and exit"},
	{"man-options", 'm', NULL, "print the configuration's options as mdoc(7), and exit"},
};

#define CHOICES (sizeof(choices) / sizeof(choices[0]))

static const char synopsis[] =
	"usage: sinkholed [-c FILE] [--check [--json] | --accept LIST | "
	"--explain NAME | --explain-diff OLD NEW | --in-force NAME | --audit-verify FILE | "
	"--dump-config | --version]\n";

int arguments_hint(void)
{
	fprintf(stderr, "%ssinkholed --help tells more\n", synopsis);
	return EXIT_FAILURE;
}

int arguments_usage(void)
{
	fputs(synopsis, stdout);
	for (size_t i = 0; i < CHOICES; i++)
		printf("  -%c, --%s%s%s\n\t%s\n", choices[i].letter, choices[i].name,
		       choices[i].argument ? " " : "",
		       choices[i].argument ? choices[i].argument : "", choices[i].help);
	command_help(stdout);
	return EXIT_SUCCESS;
}

/* What getopt_long wants to know of the choices. */
static void describe(struct option options[CHOICES + 1], char letters[2 * CHOICES + 1])
{
	for (size_t i = 0; i < CHOICES; i++) {
		options[i] = (struct option){
			.name = choices[i].name,
			.has_arg = choices[i].argument ? required_argument : no_argument,
			.val = choices[i].letter,
		};
		*letters++ = choices[i].letter;
		if (choices[i].argument)
			*letters++ = ':';
	}
	options[CHOICES] = (struct option){.name = NULL};
	*letters = '\0';
}

/* Where the argument of an option goes; NULL: the option takes none. */
static const char **place_of(struct arguments *args, int letter)
{
	switch (letter) {
	case 'c':
		return &args->conf_path;
	case 't':
		return &args->question.type;
	case 'C':
		return &args->question.client;
	case 'e':
		return &args->question.name;
	case 'a':
		return &args->accept;
	case 'D':
		return &args->compare.before;
	case 'l':
		return &args->compare.list;
	case 'n':
		return &args->compare.limit;
	case 'F':
		return &args->past.name;
	case 'T':
		return &args->past.at;
	case 'A':
		return &args->audit.log;
	case 'P':
		return &args->audit.checkpoint;
	case 'K':
		return &args->audit.key;
	default:
		return NULL;
	}
}

/* Keeps what an option says; false: it says what to do. */
static bool take(struct arguments *args, int letter)
{
	const char **place = place_of(args, letter);

	if (place)
		*place = optarg;
	args->json |= letter == 'j';
	return letter == 'j' || (place && !strchr("eaADF", letter));
}

bool arguments_read(int argc, char **argv, struct arguments *args)
{
	struct option options[CHOICES + 1];
	char letters[2 * CHOICES + 1];
	int letter;

	*args = (struct arguments){.argv = argv, .conf_path = CONF_PATH_DEFAULT};
	describe(options, letters);
	while ((letter = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (letter == '?')
			return false;
		if (!take(args, letter))
			args->mode = letter;
	}
	if (args->mode == 'D' && optind < argc)
		args->compare.after = argv[optind++];
	if (args->mode == 'D' && !args->compare.after) {
		fprintf(stderr, "sinkholed: --explain-diff: NEW is missing\n");
		return false;
	}
	if (optind < argc)
		fprintf(stderr, "sinkholed: unexpected argument: %s\n", argv[optind]);
	return optind == argc;
}
