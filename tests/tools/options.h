/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of load. */
#ifndef TESTS_TOOLS_OPTIONS_H
#define TESTS_TOOLS_OPTIONS_H

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	SOCKETS_MAX = 256,
	EDNS_SIZE = 1232,
};

struct options {
	double rate;
	double seconds;
	uint64_t count;
	uint64_t timeout_ms;
	uint64_t interval_ms;
	uint64_t window;
	uint64_t sockets;
	uint64_t edns; /* UDP size; 0: without EDNS */
	bool unique;
	bool json;
	bool help;
	bool expect_set;
	int expect_family;
	uint8_t expect[16];
	struct sockaddr_storage server;
	socklen_t server_len;
	const char *path;
};

static const char usage_text[] =
	"usage: load [options] ADDRESS@PORT FILE\n"
	"  sends the questions of FILE ('name [type]' a line) round and round over UDP\n"
	"  -r, --rate N         open loop: N queries a second, whatever comes back\n"
	"  -w, --window N       closed loop: N queries outstanding (128)\n"
	"  -s, --seconds N      how long to send (10)\n"
	"  -n, --count N        stop after N queries\n"
	"  -S, --sockets N      source sockets, at most 256 (4)\n"
	"  -e, --edns[=SIZE]    with EDNS, UDP size 1232 or SIZE\n"
	"  -x, --expect ADDRESS count answers whose first address record is another or none\n"
	"  -u, --unique         a fresh first label for each query, so that no cache knows it\n"
	"  -t, --timeout MS     a query without an answer after MS is lost (1000)\n"
	"  -i, --interval MS    report sent, lost and slowest per interval of sending, too\n"
	"  -j, --json           one JSON object\n"
	"  -h, --help\n"
	"SIGUSR1 begins a new phase, reported by itself; SIGINT and SIGTERM end the run early.\n"
	"Exit status 0: the run was completed, whatever was lost; 2: it could not be.\n";

static inline bool parse_server(const char *text, struct sockaddr_storage *ret_address,
				socklen_t *ret_len)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	char host[INET6_ADDRSTRLEN];
	const char *at = strchr(text, '@');
	unsigned long port = at != NULL ? strtoul(at + 1, NULL, 10) : 0;

	if (port == 0 || port > UINT16_MAX || (size_t)(at - text) >= sizeof host)
		return false;
	memcpy(host, text, (size_t)(at - text));
	host[at - text] = '\0';
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(ret_address, &v4, sizeof v4);
		*ret_len = sizeof v4;
		return true;
	}
	memcpy(ret_address, &v6, sizeof v6);
	*ret_len = sizeof v6;
	return inet_pton(AF_INET6, host, &((struct sockaddr_in6 *)ret_address)->sin6_addr) == 1;
}

static inline bool parse_expect(const char *text, struct options *opt)
{
	opt->expect_set = true;
	opt->expect_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(opt->expect_family, text, opt->expect) == 1;
}

/* A whole number from 1 to max. */
static inline bool parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	char *end = NULL;
	unsigned long long number = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number == 0 || number > max)
		return false;
	*ret_number = number;
	return true;
}

static inline bool parse_positive(const char *text, double *ret_number)
{
	char *end = NULL;
	double number = strtod(text, &end);

	if (end == text || *end != '\0' || !(number > 0) || number > 1e9)
		return false;
	*ret_number = number;
	return true;
}

static inline bool parse_option(int letter, const char *value, struct options *opt)
{
	switch (letter) {
	case 'r':
		return parse_positive(value, &opt->rate);
	case 's':
		return parse_positive(value, &opt->seconds);
	case 'w':
		return parse_number(value, 1u << 20, &opt->window);
	case 'n':
		return parse_number(value, UINT32_MAX, &opt->count);
	case 'S':
		return parse_number(value, SOCKETS_MAX, &opt->sockets);
	case 'e':
		opt->edns = EDNS_SIZE;
		return value == NULL || parse_number(value, UINT16_MAX, &opt->edns);
	case 'x':
		return parse_expect(value, opt);
	case 't':
		return parse_number(value, 60000, &opt->timeout_ms);
	case 'i':
		return parse_number(value, 60000, &opt->interval_ms);
	case 'u':
		return opt->unique = true;
	case 'j':
		return opt->json = true;
	case 'h':
		return opt->help = true;
	default:
		return false;
	}
}

/* Returns false when the line is not understood; ret_opt keeps its defaults for what is left out.
 */
static inline bool parse_options(int argc, char **argv, struct options *ret_opt)
{
	static const struct option table[] = {
		{"rate", required_argument, NULL, 'r'},
		{"window", required_argument, NULL, 'w'},
		{"seconds", required_argument, NULL, 's'},
		{"count", required_argument, NULL, 'n'},
		{"sockets", required_argument, NULL, 'S'},
		{"edns", optional_argument, NULL, 'e'},
		{"expect", required_argument, NULL, 'x'},
		{"unique", no_argument, NULL, 'u'},
		{"timeout", required_argument, NULL, 't'},
		{"interval", required_argument, NULL, 'i'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "r:w:s:n:S:e::x:ut:i:jh", table, NULL)) != -1) {
		if (!parse_option(letter, optarg, ret_opt))
			return false;
	}
	if (ret_opt->help)
		return true;
	if (argc - optind != 2)
		return false;
	ret_opt->path = argv[optind + 1];
	return parse_server(argv[optind], &ret_opt->server, &ret_opt->server_len);
}

#endif
