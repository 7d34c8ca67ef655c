/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/leaseline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_COLUMN LEASELINE_FIELDS
#define FIRST_DATE 1000000000ULL /* 2001: a lesser number is how long a lease lasts */

enum kea_column {
	KEA_ADDRESS,
	KEA_HWADDR,
	KEA_LIFETIME,
	KEA_EXPIRE,
	KEA_HOSTNAME,
	KEA_STATE,
	KEA_COLUMNS
};

static const char *const kea_names[KEA_COLUMNS] = {
	[KEA_ADDRESS] = "address", [KEA_HWADDR] = "hwaddr",	[KEA_LIFETIME] = "valid_lifetime",
	[KEA_EXPIRE] = "expire",   [KEA_HOSTNAME] = "hostname", [KEA_STATE] = "state",
};

/* ---- what all of them have */

/* Cuts a line into its fields; how many there are, LEASELINE_FIELDS at most. */
static unsigned int split(char *line, const char *between, char *fields[LEASELINE_FIELDS])
{
	unsigned int count = 0;
	char *field;

	while (count < LEASELINE_FIELDS && (field = strsep(&line, between)) != NULL)
		if (*field || *between == ',')
			fields[count++] = field;
	return count;
}

static bool is_label(const char *label, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	return len > 0 && len <= 63 && label[0] != '-' && label[len - 1] != '-';
}

/* As whoever parses addresses may take it: 7, 0x7f000001, as inet_aton does. */
static bool is_address_part(const char *label, size_t len)
{
	bool hex = len >= 2 && label[0] == '0' && tolower((unsigned char)label[1]) == 'x';

	return hex ? strspn(label + 2, "0123456789abcdefABCDEF") >= len - 2
		   : strspn(label, "0123456789") >= len;
}

bool lease_name(const char *name, char ret_name[LEASE_NAME_MAX])
{
	size_t len = strlen(name);
	size_t last = 0; /* where the last label begins */
	size_t label;

	if (len > 1 && name[len - 1] == '.')
		len--;
	if (len == 0 || len >= LEASE_NAME_MAX)
		return false;
	for (size_t at = 0; at <= len; at += label + 1) {
		label = strcspn(name + at, ".");
		if (label > len - at)
			label = len - at;
		if (!is_label(name + at, label))
			return false;
		last = at;
	}
	if (is_address_part(name + last, len - last))
		return false;
	for (size_t i = 0; i < len; i++)
		ret_name[i] = (char)tolower((unsigned char)name[i]);
	ret_name[len] = '\0';
	return true;
}

static void set_name(struct lease *lease, const char *name)
{
	(void)lease_name(name, lease->name);
}

/* False: it is no address of Ethernet. */
static bool set_mac(struct lease *lease, const char *mac)
{
	char text[LEASE_MAC_MAX];

	if (strlen(mac) != sizeof(text) - 1)
		return false;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		bool colon = i % 3 == 2;

		if (colon ? mac[i] != ':' : !isxdigit((unsigned char)mac[i]))
			return false;
		text[i] = (char)tolower((unsigned char)mac[i]);
	}
	text[sizeof(text) - 1] = '\0';
	memcpy(lease->mac, text, sizeof(text));
	return true;
}

static bool is_number(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= 10 && text[len] == '\0';
}

static bool is_anybody(const struct lease *lease)
{
	return *lease->name || *lease->mac;
}

/* ---- hosts, and dnsmasq's leases */

/* "duid 00:01:00:01": the server's own, before its leases of IPv6 */
static bool is_dnsmasq(char *const fields[], unsigned int count, struct lease *lease)
{
	if (count == 2 && strcmp(fields[0], "duid") == 0)
		return true;
	return count == 5 && is_number(fields[0]) && ip_parse(fields[2], &lease->ip) == ERR_OK;
}

/* "1790000000 00:11:22:33:44:55 192.0.2.7 laptop 01:00:11:22:33:44:55", where the number is when
 * it ends, 0: never; built for clocks that are not kept, how long it lasts. */
static bool read_dnsmasq(char *const fields[], unsigned int count, struct lease *lease)
{
	unsigned long long end;

	if (count != 5)
		return false;
	end = strtoull(fields[0], NULL, 10);
	if (end >= FIRST_DATE && end <= UINT32_MAX)
		lease->until_s = (uint32_t)end;
	(void)set_mac(lease, fields[1]); /* of IPv6 it is another number */
	set_name(lease, fields[3]);
	return is_anybody(lease);
}

/* "192.0.2.7 laptop.example laptop" */
static bool read_hosts(char *const fields[], unsigned int count, struct lease *lease)
{
	if (count < 2 || ip_parse(fields[0], &lease->ip) != ERR_OK)
		return false;
	lease->hosts = true;
	set_name(lease, fields[1]);
	return *lease->name != '\0';
}

/* ---- Kea */

static void find_columns(struct leaseline *r, char *const fields[], unsigned int count)
{
	for (unsigned int c = 0; c < KEA_COLUMNS; c++) {
		r->columns[c] = NO_COLUMN;
		for (unsigned int i = 0; i < count; i++)
			if (strcmp(fields[i], kea_names[c]) == 0)
				r->columns[c] = i;
	}
	r->fields = count;
	r->form = LEASELINE_KEA;
}

static const char *kea_field(const struct leaseline *r, char *const fields[], unsigned int count,
			     enum kea_column column)
{
	return r->columns[column] < count ? fields[r->columns[column]] : "";
}

/* The lease began when what is left of its time was all of it.  False: these are no dates. */
static bool kea_times(const char *expire, const char *lifetime, struct lease *lease)
{
	unsigned long long end = is_number(expire) ? strtoull(expire, NULL, 10) : 0;
	unsigned long long all = is_number(lifetime) ? strtoull(lifetime, NULL, 10) : 0;

	if (end < FIRST_DATE || all > end || end - all < FIRST_DATE || end - all > UINT32_MAX)
		return false;
	lease->since_s = (uint32_t)(end - all);
	lease->until_s = end <= UINT32_MAX ? (uint32_t)end : 0;
	return true;
}

/* Assigned (0) or registered by who made the address himself (4, RFC 9686), and not deleted: that
 * is written as a lease that lasts for no time. */
static bool kea_is_held(const struct lease *lease, const char *state)
{
	return (!*state || strcmp(state, "0") == 0 || strcmp(state, "4") == 0) &&
	       lease->until_s != lease->since_s;
}

/*
 * A line that has more fields than there are columns is one that was cut, and the next behind it.
 * A lease that is not held any more has the time when it was last renewed.  The lines stand in the
 * order in which they were written: it ended after all leases above began.
 */
static bool read_kea(struct leaseline *r, char *const fields[], unsigned int count,
		     struct lease *lease)
{
	if (count != r->fields ||
	    ip_parse(kea_field(r, fields, count, KEA_ADDRESS), &lease->ip) != ERR_OK ||
	    !kea_times(kea_field(r, fields, count, KEA_EXPIRE),
		       kea_field(r, fields, count, KEA_LIFETIME), lease))
		return false;
	if (lease->since_s > r->latest_s)
		r->latest_s = lease->since_s;
	if (kea_is_held(lease, kea_field(r, fields, count, KEA_STATE))) {
		(void)set_mac(lease, kea_field(r, fields, count, KEA_HWADDR));
		set_name(lease, kea_field(r, fields, count, KEA_HOSTNAME));
	} else {
		lease->since_s = r->latest_s;
		lease->until_s = 0;
	}
	return true;
}

/* ---- ISC */

/* The two fields as "2026/11/26" and "08:00:00", in UTC.  0: they are no date. */
static uint32_t isc_date(const char *day, const char *time_of_day)
{
	char text[32];
	char back[32];
	struct tm tm = {0};
	const char *end;
	time_t t;

	if (strlen(day) + strlen(time_of_day) + 2 > sizeof(text))
		return 0;
	stpcpy(stpcpy(stpcpy(text, day), " "), time_of_day);
	end = strptime(text, "%Y/%m/%d %H:%M:%S", &tm);
	if (!end || *end)
		return 0;
	t = timegm(&tm);
	if (t <= 0 || t > UINT32_MAX || !gmtime_r(&t, &tm))
		return 0;
	/* the 31st of February would be another day */
	return strftime(back, sizeof(back), "%Y/%m/%d %H:%M:%S", &tm) && strcmp(back, text) == 0
		       ? (uint32_t)t
		       : 0;
}

/* "starts 4 2026/11/26 08:00:00;", "starts epoch 1795680000;", "ends never;" */
static uint32_t isc_time(struct leaseline *r, char *const fields[], unsigned int count)
{
	uint32_t at_s = 0;

	if (count >= 2 && strcmp(fields[1], "never") == 0)
		return 0;
	if (count >= 3 && strcmp(fields[1], "epoch") == 0 && is_number(fields[2]) &&
	    strtoull(fields[2], NULL, 10) <= UINT32_MAX)
		at_s = (uint32_t)strtoull(fields[2], NULL, 10);
	else if (count >= 4)
		at_s = isc_date(fields[2], fields[3]);
	r->unreadable = r->unreadable || at_s == 0;
	return at_s;
}

/* Who had an address that is free now had it until the end; one that was found to be in use by
 * another (abandoned) is held by nobody who is known. */
static void isc_state(struct leaseline *r, const char *state)
{
	r->past = strcmp(state, "free") == 0 || strcmp(state, "backup") == 0 ||
		  strcmp(state, "expired") == 0 || strcmp(state, "released") == 0;
	r->nobody = !r->past && strcmp(state, "active") != 0;
}

static void let_go(struct leaseline *r)
{
	r->open = (struct lease){.since_s = 0};
	r->unreadable = r->past = r->nobody = false;
}

/* The block is at its end.  False: it says nothing. */
static bool close_isc(struct leaseline *r, struct lease *lease)
{
	bool says = !r->unreadable && (!r->nobody || r->open.since_s > 0) &&
		    (!r->past || r->open.until_s > 0);

	*lease = r->open;
	if (r->nobody) {
		*lease->name = *lease->mac = '\0';
		lease->until_s = 0;
	} else if (r->past && !is_anybody(lease)) {
		lease->since_s = lease->until_s;
		lease->until_s = 0;
	} else if (!is_anybody(lease) || (lease->until_s > 0 && lease->until_s < lease->since_s)) {
		says = false;
	}
	let_go(r);
	return says;
}

/* A text that stands between quotes is one, with all that it has. */
static void isc_name(struct leaseline *r, char *line)
{
	char *begin = strchr(line, '"');
	char *end = begin ? strrchr(begin + 1, '"') : NULL;

	*r->open.name = '\0';
	if (!end)
		return;
	*end = '\0';
	set_name(&r->open, begin + 1);
}

/* A line of the block that is open, outside of blocks in it. */
static void read_statement(struct leaseline *r, char *line)
{
	char *fields[LEASELINE_FIELDS];
	unsigned int count;

	if (strncmp(line, "client-hostname", 15) == 0) {
		isc_name(r, line);
		return;
	}
	count = split(line, " \t;\"", fields);
	if (count < 2)
		return;
	if (strcmp(fields[0], "starts") == 0)
		r->open.since_s = isc_time(r, fields, count);
	else if (strcmp(fields[0], "ends") == 0)
		r->open.until_s = isc_time(r, fields, count);
	else if (count >= 3 && strcmp(fields[0], "binding") == 0)
		isc_state(r, fields[2]);
	else if (count >= 3 && strcmp(fields[0], "hardware") == 0)
		(void)set_mac(&r->open, fields[2]);
}

/* "lease 192.0.2.7 {".  What was open until then was cut. */
static bool begins_isc(struct leaseline *r, char *line)
{
	char *fields[LEASELINE_FIELDS];

	if (strncmp(line, "lease ", 6) != 0)
		return false;
	let_go(r);
	if (split(line, " \t", fields) != 3 || strcmp(fields[2], "{") != 0 ||
	    ip_parse(fields[1], &r->open.ip) != ERR_OK)
		return true;
	r->form = LEASELINE_ISC;
	r->depth = 1;
	return true;
}

/* Of what a client says nothing stands at the beginning of a line, or at its end. */
static bool read_isc(struct leaseline *r, char *line, struct lease *lease)
{
	size_t len = strlen(line);

	if (begins_isc(r, line) || r->open.ip.family == 0 || len == 0)
		return false;
	if (line[0] == '}')
		r->depth--;
	if (line[len - 1] == '{')
		r->depth++;
	if (r->depth == 0)
		return close_isc(r, lease);
	if (r->depth == 1)
		read_statement(r, line);
	return false;
}

/* ---- a line */

static bool read_by_itself(struct leaseline *r, char *line, bool whole, struct lease *lease)
{
	char *fields[LEASELINE_FIELDS];
	unsigned int count;

	if (begins_isc(r, line))
		return false;
	line[strcspn(line, "#")] = '\0';
	count = split(line, " \t", fields);
	if (is_dnsmasq(fields, count, lease)) {
		r->form = LEASELINE_DNSMASQ;
		return whole && read_dnsmasq(fields, count, lease);
	}
	return r->form == LEASELINE_UNKNOWN && read_hosts(fields, count, lease);
}

bool leaseline_read(struct leaseline *r, const char *line, size_t len, bool whole,
		    struct lease *ret_lease)
{
	char text[LEASELINE_MAX];
	char *fields[LEASELINE_FIELDS];
	struct lease lease = {.since_s = 0};
	bool read;

	if (len >= sizeof(text) || memchr(line, '\0', len))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	text[strcspn(text, "\r")] = '\0';
	if (strncmp(text, "address,", 8) == 0) {
		find_columns(r, fields, split(text, ",", fields));
		return false;
	}
	if (r->form == LEASELINE_KEA)
		read = whole && read_kea(r, fields, split(text, ",", fields), &lease);
	else if (r->form == LEASELINE_ISC)
		read = read_isc(r, text + strspn(text, " \t"), &lease);
	else
		read = read_by_itself(r, text, whole, &lease);
	if (read)
		*ret_lease = lease;
	return read;
}
