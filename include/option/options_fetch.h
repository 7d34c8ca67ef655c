/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h that are of a list which is fetched by HTTP. */
#ifndef CONF_OPTIONS_FETCH_H
#define CONF_OPTIONS_FETCH_H

#define CONF_URL_MAX 2047
#define CONF_HEADER_MAX 4095 /* octets of a field, its name included */

/* clang-format off */

#define CONF_ROWS_LIST_FETCH(X) \
	X(list, url, "url", URL, "", 0, CONF_URL_MAX, "", RELOAD, \
	  "Where the list is fetched from, by HTTP or HTTPS, in the place of a file of one's own.  The copy " \
	  "is kept in fetched/ of state.directory, which is needed, and is loaded and guarded as any " \
	  "file.  A start does not wait for it: the copy that is there is used.  Until the first fetch " \
	  "has succeeded the list blocks nothing, a mandatory one too.  The copy of a list that is in the " \
	  "configuration no more is removed after 30 days.  A key belongs into header: the URL " \
	  "is logged, but for what stands behind a question mark.") \
	X(list, refresh_s, "refresh", TTL, "1d", 60, 3650U * CONF_DAY_S, "s", RELOAD, \
	  "How often it is fetched.  What has not changed since is not sent again (ETag, Last-Modified).  " \
	  "After a failure it is tried again after a minute, then after two, four and so on, no later than " \
	  "this.") \
	X(list, fetch_timeout_ms, "fetch-timeout", DURATION, "10m", 1000, 86400000, "ms", RELOAD, \
	  "How long one fetch may take in all.  It ends earlier when there is no connection within 30 " \
	  "seconds, or less than a KiB a second comes for a minute (of a shorter time, half of it).") \
	X(list, max_size_bytes, "max-size", SIZE, "512MiB", 1, 1099511627776, "octets", RELOAD, \
	  "The most octets that are fetched; a longer answer is given up.") \
	X(list, header, "header", HTTPFIELD, "", 0, CONF_HEADER_MAX, "", RELOAD, \
	  "A field of the request, as \"X-Key: secret\" or \"Authorization: Bearer secret\".  It is sent to " \
	  "the URL's own host and port alone, whereto that redirects or not, and neither logged nor shown " \
	  "by --dump-config.") \
	X(list, client_certificate, "client-certificate", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "A file of PEM with the certificate that the server is shown.") \
	X(list, client_key, "client-key", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "A file of PEM with the key of client-certificate.") \
	X(list, tls_ca, "tls-ca", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "A file of PEM with the certificates that the server is known by; without one those that the " \
	  "system trusts.") \
	X(list, proxy, "proxy", PROXY, "", 0, CONF_URL_MAX, "", RELOAD, \
	  "The proxy that is asked for it, as http://proxy.example:3128; also https:// and socks5h://.  " \
	  "The environment names none.") \
	X(list, stale_warning_s, "stale-warning", TTL, "30d", 0, 3650U * CONF_DAY_S, "s", RELOAD, \
	  "How long there may be nothing new of it until the log warns, once a day; 0: for ever.  That it " \
	  "could not be fetched for three times refresh is warned of in any case.")

/* clang-format on */

#endif
