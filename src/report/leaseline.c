/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/leaseline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_COLUMN LEASELINE_FIELDS

enum kea_column { KEA_ADDRESS, KEA_HWADDR, KEA_LIFETIME, KEA_EXPIRE, KEA_HOSTNAME, KEA_COLUMNS };

static const char *const kea_names[KEA_COLUMNS] = {
	[KEA_ADDRESS] = "address", [KEA_HWADDR] = "hwaddr",	[KEA_LIFETIME] = "valid_lifetime",
	[KEA_EXPIRE] = "expire",   [KEA_HOSTNAME] = "hostname",
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

static void set_name(struct lease *lease, const char *name)
{
	size_t len = strlen(name);

	if (len > 1 && name[len - 1] == '.')
		len--;
	if (len == 0 || len >= sizeof(lease->name))
		return;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return;
	memcpy(lease->name, name, len);
	lease->name[len] = '\0';
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

/* ---- hosts, and dnsmasq's leases */

/* "1790000000 00:11:22:33:44:55 192.0.2.7 laptop 01:00:11:22:33:44:55" */
static bool read_dnsmasq(char *const fields[], unsigned int count, struct lease *lease)
{
	if (count < 4 || !is_number(fields[0]) || ip_parse(fields[2], &lease->ip) != ERR_OK)
		return false;
	(void)set_mac(lease, fields[1]); /* of IPv6 it is another number */
	set_name(lease, fields[3]);
	return *lease->name || *lease->mac;
}

/* "192.0.2.7 laptop.example laptop" */
static bool read_hosts(char *const fields[], unsigned int count, struct lease *lease)
{
	if (count < 2 || ip_parse(fields[0], &lease->ip) != ERR_OK)
		return false;
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
	r->form = LEASELINE_KEA;
}

static const char *kea_field(const struct leaseline *r, char *const fields[], unsigned int count,
			     enum kea_column column)
{
	return r->columns[column] < count ? fields[r->columns[column]] : "";
}

/* Began when what is left of its time was all of it. */
static uint32_t kea_begin(const char *expire, const char *lifetime)
{
	unsigned long long end = is_number(expire) ? strtoull(expire, NULL, 10) : 0;
	unsigned long long all = is_number(lifetime) ? strtoull(lifetime, NULL, 10) : 0;

	return end > all && end - all <= UINT32_MAX ? (uint32_t)(end - all) : 0;
}

static bool read_kea(const struct leaseline *r, char *const fields[], unsigned int count,
		     struct lease *lease)
{
	if (ip_parse(kea_field(r, fields, count, KEA_ADDRESS), &lease->ip) != ERR_OK)
		return false;
	(void)set_mac(lease, kea_field(r, fields, count, KEA_HWADDR));
	set_name(lease, kea_field(r, fields, count, KEA_HOSTNAME));
	lease->since_s = kea_begin(kea_field(r, fields, count, KEA_EXPIRE),
				   kea_field(r, fields, count, KEA_LIFETIME));
	return *lease->name || *lease->mac;
}

/* ---- ISC */

/* "starts 4 2026/11/26 08:00:00;" */
static uint32_t isc_time(char *const fields[], unsigned int count)
{
	char text[32];
	struct tm tm = {0};
	time_t t;

	if (count < 4 || strlen(fields[2]) + strlen(fields[3]) + 2 > sizeof(text))
		return 0;
	stpcpy(stpcpy(stpcpy(text, fields[2]), " "), fields[3]);
	if (!strptime(text, "%Y/%m/%d %H:%M:%S", &tm))
		return 0;
	t = timegm(&tm);
	return t > 0 && t <= UINT32_MAX ? (uint32_t)t : 0;
}

/* A line of the block that is open; true when that ends. */
static bool read_isc(struct leaseline *r, char *const fields[], unsigned int count,
		     struct lease *lease)
{
	if (count > 0 && strcmp(fields[0], "}") == 0) {
		*lease = r->open;
		r->open = (struct lease){.since_s = 0};
		r->form = LEASELINE_UNKNOWN;
		return *lease->name || *lease->mac;
	}
	if (count < 2)
		return false;
	if (strcmp(fields[0], "starts") == 0)
		r->open.since_s = isc_time(fields, count);
	else if (strcmp(fields[0], "client-hostname") == 0)
		set_name(&r->open, fields[1]);
	else if (count >= 3 && strcmp(fields[0], "hardware") == 0)
		(void)set_mac(&r->open, fields[2]);
	return false;
}

static bool begins_isc(struct leaseline *r, char *const fields[], unsigned int count)
{
	if (count != 3 || strcmp(fields[0], "lease") != 0 || strcmp(fields[2], "{") != 0 ||
	    ip_parse(fields[1], &r->open.ip) != ERR_OK)
		return false;
	r->form = LEASELINE_ISC;
	return true;
}

/* ---- a line */

static bool read_by_itself(struct leaseline *r, char *line, struct lease *lease)
{
	char *fields[LEASELINE_FIELDS];
	unsigned int count;

	line[strcspn(line, "#")] = '\0';
	count = split(line, " \t;\"", fields);
	if (r->form == LEASELINE_ISC)
		return read_isc(r, fields, count, lease);
	return !begins_isc(r, fields, count) &&
	       (read_dnsmasq(fields, count, lease) || read_hosts(fields, count, lease));
}

bool leaseline_read(struct leaseline *r, const char *line, size_t len, struct lease *ret_lease)
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
		read = read_kea(r, fields, split(text, ",", fields), &lease);
	else
		read = read_by_itself(r, text, &lease);
	if (read)
		*ret_lease = lease;
	return read;
}
