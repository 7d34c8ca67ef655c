/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a block list and questions about it, the same for the same seed. The names have the shape
 * of the lists that are in use: two names in five are a bare domain, one in four a www below a
 * domain of its own, the rest hosts that share domains very unevenly; lengths, letters, top level
 * domains and the 25 octets that a name takes on the wire follow these lists, too.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_SIZE = 254, /* text and its end */
	COUNT_MAX = 100000000,
	STREAM_BUFFER = 1 << 20,
};

/* Names known by a 64 bit hash: good enough to tell generated names apart. */
struct set {
	uint64_t *hash;
	uint64_t mask;
};

struct generator {
	uint64_t random;
	uint64_t seed;
	uint64_t domains; /* how many domains were drawn so far */
	uint64_t pool;	  /* how many of them have many hosts */
	struct set listed;
};

/* A sample of the list, each name as likely as any other to be in it. */
struct sample {
	char (*name)[NAME_SIZE];
	uint64_t wanted;
	uint64_t seen;
};

struct choice {
	const char *text;
	unsigned weight;
};

/* Shares in a thousand. */
static const struct choice suffixes[] = {
	{"com", 505}, {"net", 108},   {"org", 24},    {"ru", 40},    {"info", 24},
	{"xyz", 24},  {"it", 22},     {"pl", 22},     {"de", 14},    {"in", 14},
	{"site", 14}, {"top", 13},    {"com.br", 18}, {"co.uk", 11}, {"com.au", 10},
	{"co.za", 6}, {"in.net", 10}, {"io", 10},     {"tv", 6},     {"icu", 9},
	{"sbs", 8},   {"online", 8},  {"shop", 8},    {"app", 7},    {"club", 6},
	{"jp", 6},    {"fr", 6},      {"nl", 6},      {"eu", 6},     {"cn", 6},
	{"vn", 5},    {"us", 5},      {"biz", 5},     {"co", 5},     {"space", 5},
	{"live", 4},  {"world", 4},   {"ml", 4},      {"ga", 4},     {"cl", 4},
	{"es", 4},    {"digital", 3},
};

static const struct choice host_labels[] = {
	{"www", 400}, {"mail", 50},    {"ads", 50},   {"secure", 40},  {"login", 40},
	{"info", 40}, {"cdn", 40},     {"go", 40},    {"metrics", 40}, {"static", 40},
	{"ns1", 30},  {"api", 30},     {"m", 30},     {"track", 30},   {"smetrics", 30},
	{"img", 30},  {"booking", 20}, {"check", 20},
};

/* Shares in a thousand of the lengths 2, 3, 4 … of a label that somebody chose. */
static const unsigned label_lengths[] = {
	5, 20, 25, 45, 65, 85, 95, 95, 95, 90, 80, 70, 58, 47, 38, 28, 21, 15, 11, 8, 6, 4, 3, 1, 1,
};

static const char *const words[] = {
	"account", "active",  "ad",	 "air",	   "alert",  "app",    "art",	  "auto",
	"bank",	   "best",    "bet",	 "big",	   "bit",    "blog",   "blue",	  "book",
	"box",	   "buy",     "care",	 "cash",   "city",   "click",  "cloud",	  "club",
	"coin",	   "connect", "content", "credit", "data",   "date",   "deal",	  "delta",
	"dental",  "design",  "digital", "direct", "doc",    "dream",  "easy",	  "eco",
	"express", "farm",    "fast",	 "fit",	   "food",   "free",   "game",	  "gift",
	"global",  "gold",    "green",	 "group",  "health", "help",   "home",	  "hotel",
	"house",   "inter",   "job",	 "king",   "land",   "life",   "line",	  "link",
	"live",	   "loan",    "love",	 "luck",   "mail",   "market", "master",  "max",
	"media",   "mega",    "micro",	 "mobile", "money",  "movie",  "my",	  "net",
	"news",	   "nova",    "offer",	 "online", "order",  "party",  "pay",	  "phone",
	"photo",   "play",    "plus",	 "point",  "post",   "power",  "prime",	  "pro",
	"quick",   "radio",   "red",	 "safe",   "sale",   "secure", "service", "shop",
	"silver",  "smart",   "soft",	 "star",   "store",  "sun",    "super",	  "support",
	"tech",	   "the",     "time",	 "top",	   "tour",   "track",  "trade",	  "travel",
	"tube",	   "update",  "verify",	 "video",  "view",   "wallet", "web",	  "win",
	"wood",	   "world",   "your",	 "zone",
};

/* As often as in what people write. */
static const char letters[] = "eeeeeeeeeeeeaaaaaaaaaiiiiiiiiooooooootttttttsssssssrrrrrrrnnnnnnn"
			      "lllllcccccddddmmmmuuuupppphhhgggbbbfffvvkkwwyyxzjq";
static const char random_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t next(uint64_t *random)
{
	*random += 0x9e3779b97f4a7c15u;
	return mix(*random);
}

static unsigned below(uint64_t *random, size_t bound)
{
	return (unsigned)((next(random) >> 32) * bound >> 32);
}

static const char *choose(uint64_t *random, const struct choice *choices, size_t count)
{
	unsigned total = 0;

	for (size_t i = 0; i < count; i++)
		total += choices[i].weight;
	unsigned drawn = below(random, total);

	while (drawn >= choices->weight) {
		drawn -= choices->weight;
		choices++;
	}
	return choices->text;
}

static size_t draw_length(uint64_t *random)
{
	unsigned drawn = below(random, 1000);
	size_t i = 0;

	while (i + 1 < sizeof label_lengths / sizeof label_lengths[0] && drawn >= label_lengths[i])
		drawn -= label_lengths[i++];
	return i + 2;
}

/* Appends a word, or letters in the place of one, without exceeding the limit. */
static size_t put_word(uint64_t *random, char *text, size_t limit)
{
	const char *word = words[below(random, sizeof words / sizeof words[0])];
	size_t len = strlen(word);

	if (below(random, 10) < 6 && len <= limit) {
		memcpy(text, word, len);
		return len;
	}
	len = 2 + below(random, 5);
	if (len > limit)
		len = limit;
	for (size_t i = 0; i < len; i++)
		text[i] = letters[below(random, sizeof letters - 1)];
	return len;
}

/* A label that somebody chose: words, at times a hyphen, at times digits at the end. */
static size_t put_chosen_label(uint64_t *random, size_t len, char *text)
{
	size_t digits = below(random, 100) < 10 && len > 4 ? 1 + below(random, 3) : 0;
	bool hyphen = below(random, 100) < 20;
	size_t used = 0;

	while (used < len - digits) {
		if (hyphen && used > 1 && used + 2 < len - digits) {
			text[used++] = '-';
			hyphen = below(random, 100) < 25;
		}
		used += put_word(random, text + used, len - digits - used);
	}
	while (used < len)
		text[used++] = (char)('0' + below(random, 10));
	return len;
}

/* A label that a program made: shards of a service, campaigns, domain generation. */
static size_t put_made_label(uint64_t *random, char *text)
{
	size_t len = 6 + below(random, 16);

	for (size_t i = 0; i < len; i++)
		text[i] = random_letters[below(random, sizeof random_letters - 1)];
	if (len > 12)
		text[2] = text[3] = '-';
	return len;
}

static size_t put_text(const char *from, char *text)
{
	size_t len = strlen(from);

	memcpy(text, from, len);
	return len;
}

/* Short ones, and single words below some top level domains, are public suffixes (co.in, shop.pl):
 * a list does not block these, so no domain here is one. */
static size_t put_domain_label(uint64_t *random, char *text)
{
	size_t len = draw_length(random);

	if (len < 4)
		return put_made_label(random, text);
	len = put_chosen_label(random, len, text);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (words[i][0] == text[0] && strlen(words[i]) == len &&
		    memcmp(words[i], text, len) == 0)
			text[len++] = (char)('0' + below(random, 10));
	}
	return len;
}

/* The domain of this number, always the same for the same seed. */
static size_t put_domain(uint64_t seed, uint64_t number, char *text)
{
	uint64_t random = mix(seed ^ mix(number));
	size_t len = put_domain_label(&random, text);

	text[len++] = '.';
	return len + put_text(choose(&random, suffixes, sizeof suffixes / sizeof suffixes[0]),
			      text + len);
}

static size_t put_host_label(uint64_t *random, char *text)
{
	unsigned kind = below(random, 100);
	size_t len;

	if (kind < 20)
		len = put_text(
			choose(random, host_labels, sizeof host_labels / sizeof host_labels[0]),
			text);
	else if (kind < 60)
		len = put_chosen_label(random, draw_length(random), text);
	else
		len = put_made_label(random, text);
	text[len++] = '.';
	return len;
}

/* A number below the pool's size, small ones by far the likeliest. */
static uint64_t draw_shared_domain(struct generator *generator)
{
	double share = (double)(next(&generator->random) >> 11) / 9007199254740992.0;

	return (uint64_t)((double)generator->pool * share * share * share);
}

static void draw_name(struct generator *generator, char name[NAME_SIZE])
{
	unsigned kind = below(&generator->random, 100);
	size_t len = 0;

	if (kind < 60) {
		if (kind >= 36)
			len = put_text("www.", name);
		len += put_domain(generator->seed, generator->domains++, name + len);
	} else {
		unsigned labels = 1;

		while (labels < 4 && below(&generator->random, 100) < 28)
			labels++;
		while (labels-- > 0)
			len += put_host_label(&generator->random, name + len);
		len += put_domain(generator->seed, draw_shared_domain(generator), name + len);
	}
	name[len] = '\0';
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0;
	uint64_t piece = 0;
	unsigned filled = 0;

	for (; *text != '\0'; text++) {
		piece = piece << 8 | (uint8_t)*text;
		if (++filled == 8) {
			hash = mix(hash ^ piece);
			filled = 0;
		}
	}
	hash = mix(hash ^ piece ^ (uint64_t)filled << 60);
	return hash != 0 ? hash : 1;
}

static bool set_has(const struct set *set, const char *name)
{
	uint64_t hash = hash_text(name);

	for (uint64_t i = hash & set->mask; set->hash[i] != 0; i = (i + 1) & set->mask) {
		if (set->hash[i] == hash)
			return true;
	}
	return false;
}

/* Returns false when it was there already. */
static bool set_add(struct set *set, const char *name)
{
	uint64_t hash = hash_text(name);
	uint64_t i = hash & set->mask;

	for (; set->hash[i] != 0; i = (i + 1) & set->mask) {
		if (set->hash[i] == hash)
			return false;
	}
	set->hash[i] = hash;
	return true;
}

static bool set_init(struct set *set, uint64_t names)
{
	uint64_t size = 1024;

	while (size < names * 2)
		size *= 2;
	set->mask = size - 1;
	set->hash = calloc(size, sizeof *set->hash);
	return set->hash != NULL;
}

/* Whether the name or one above it is listed. */
static bool is_covered(const struct set *listed, const char *name)
{
	while (name != NULL) {
		if (set_has(listed, name))
			return true;
		name = strchr(name, '.');
		name = name != NULL ? name + 1 : NULL;
	}
	return false;
}

static void sample_offer(struct sample *sample, uint64_t *random, const char *name)
{
	uint64_t place = sample->seen++;

	if (place >= sample->wanted)
		place = next(random) % sample->seen;
	if (place < sample->wanted)
		memcpy(sample->name[place], name, strlen(name) + 1);
}

static uint64_t sample_size(const struct sample *sample)
{
	return sample->seen < sample->wanted ? sample->seen : sample->wanted;
}

static void sample_shuffle(struct sample *sample, uint64_t *random)
{
	char kept[NAME_SIZE];

	for (uint64_t i = sample_size(sample); i > 1; i--) {
		uint64_t other = next(random) % i;

		memcpy(kept, sample->name[i - 1], NAME_SIZE);
		memmove(sample->name[i - 1], sample->name[other], NAME_SIZE);
		memcpy(sample->name[other], kept, NAME_SIZE);
	}
}

static FILE *open_file(const char *directory, const char *name)
{
	char path[4096];
	int len = snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, "we") : NULL;

	if (file == NULL)
		perror(path);
	else
		(void)setvbuf(file, NULL, _IOFBF, STREAM_BUFFER);
	return file;
}

static bool close_file(FILE *file)
{
	bool failed = ferror(file) != 0;

	return fclose(file) == 0 && !failed;
}

static bool write_list(struct generator *generator, struct sample *sample, uint64_t count,
		       const char *directory)
{
	FILE *file = open_file(directory, "names.txt");
	uint64_t random = mix(generator->seed + 1);
	uint64_t octets = 0;
	char name[NAME_SIZE];

	if (file == NULL)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		do
			draw_name(generator, name);
		while (!set_add(&generator->listed, name));
		fprintf(file, "%s\n", name);
		octets += strlen(name) + 2;
		sample_offer(sample, &random, name);
	}
	printf("%llu names, %.1f octets each on the wire\n", (unsigned long long)count,
	       (double)octets / (double)count);
	sample_shuffle(sample, &random);
	return close_file(file);
}

static bool write_blocked(const struct sample *sample, const char *directory)
{
	FILE *exact = open_file(directory, "blocked.txt");
	FILE *lower = open_file(directory, "below.txt");
	uint64_t random = 1;

	for (uint64_t i = 0; exact != NULL && lower != NULL && i < sample_size(sample); i++) {
		const char *host =
			choose(&random, host_labels, sizeof host_labels / sizeof host_labels[0]);

		fprintf(exact, "%s\n", sample->name[i]);
		fprintf(lower, "%s.%s\n", host, sample->name[i]);
	}
	bool exact_good = exact != NULL && close_file(exact);
	bool lower_good = lower != NULL && close_file(lower);

	return exact_good && lower_good;
}

static bool write_unlisted(struct generator *generator, uint64_t count, const char *directory)
{
	FILE *file = open_file(directory, "unlisted.txt");
	char name[NAME_SIZE];

	if (file == NULL)
		return false;
	generator->seed = mix(generator->seed + 2);
	for (uint64_t i = 0; i < count; i++) {
		do
			draw_name(generator, name);
		while (is_covered(&generator->listed, name) || !set_add(&generator->listed, name));
		fprintf(file, "%s\n", name);
	}
	return close_file(file);
}

static bool write_all(struct generator *generator, uint64_t count, uint64_t queries,
		      const char *directory)
{
	struct sample sample = {.wanted = queries};
	bool good = false;

	sample.name = calloc(queries, sizeof *sample.name);
	if (sample.name != NULL && set_init(&generator->listed, count + queries))
		good = write_list(generator, &sample, count, directory) &&
		       write_blocked(&sample, directory) &&
		       write_unlisted(generator, queries, directory);
	free(generator->listed.hash);
	free(sample.name);
	return good;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t queries = argc > 3 ? strtoull(argv[3], NULL, 10) : 200000;
	uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;

	if (argc < 3 || argc > 5 || count == 0 || count > COUNT_MAX || queries == 0 ||
	    queries > COUNT_MAX) {
		fputs("usage: names COUNT DIRECTORY [QUERIES [SEED]]\n"
		      "writes names.txt (the list), blocked.txt and below.txt (a sample of it,\n"
		      "and names below these), unlisted.txt (names it does not cover)\n",
		      stderr);
		return EXIT_FAILURE;
	}
	struct generator generator = {
		.random = mix(seed),
		.seed = mix(seed ^ 0x6e616d6573),
		.pool = count / 25 + 8,
	};

	return write_all(&generator, count, queries, argv[2]) ? EXIT_SUCCESS : EXIT_FAILURE;
}
