/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dns/rewrite.h"
#include "support/message.h"

/* All records of a message, written by `w`. */
static void write_all(struct rewrite *w, const struct message *m, size_t question_end)
{
	size_t pos = question_end;
	struct wire_rr rr;

	while (pos < m->len && wire_next_rr(m->octets, m->len, &pos, &rr) == ERR_OK)
		rewrite_record(w, &rr);
}

/* A reply of MX records below the question's name, each with a pointer to it. */
static size_t make_mx(struct message *m, const char *qname, unsigned int count)
{
	size_t question_end;

	message_reply(m, qname, TYPE_MX, RCODE_NOERROR);
	question_end = m->len;
	for (unsigned int i = 0; i < count; i++)
		message_rr(m, MESSAGE_AN, NULL, TYPE_MX, 300, "\0\1\2mx\300\14", 7);
	return question_end;
}

static void test_same_order_is_the_same(void **state)
{
	static struct rewrite w;
	static struct message m;
	size_t question_end = make_mx(&m, "far.example", 2);

	rewrite_begin(&w, m.octets, question_end, m.len);
	write_all(&w, &m, question_end);
	assert_false(w.full);
	assert_int_equal(w.len, m.len);
	assert_memory_equal(w.out + question_end, m.octets + question_end, m.len - question_end);
	(void)state;
}

/* Behind a CNAME to the question's name: that is pointed to where it stands there. */
static void test_behind_another_message(void **state)
{
	static struct rewrite w;
	static struct message first;
	static struct message m;
	size_t question_end = make_mx(&m, "far.example", 2);
	size_t begin;
	size_t pos;
	size_t at;
	struct name name;
	struct wire_rr rr;

	message_reply(&first, "own.example", TYPE_MX, RCODE_NOERROR);
	message_rr_begin(&first, MESSAGE_AN, NULL, TYPE_CNAME, 300);
	message_add(&first, "\3far\300\20", 6); /* far.example, with a pointer into the question */
	message_end(&first);
	begin = pos = first.len;
	rewrite_begin_behind(&w, m.octets, first.octets, begin, begin - 6);
	write_all(&w, &m, question_end);
	assert_false(w.full);
	assert_int_equal(w.len - begin, m.len - question_end);
	message_add(&first, w.out + begin, w.len - begin);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(wire_next_rr(first.octets, first.len, &pos, &rr), ERR_OK);
		at = rr.owner;
		assert_int_equal(name_unpack(first.octets, first.len, &at, &name), ERR_OK);
		assert_string_equal((const char *)name.wire, "\3far\7example");
		at = rr.rdata + 2;
		assert_int_equal(name_unpack(first.octets, first.len, &at, &name), ERR_OK);
		assert_string_equal((const char *)name.wire, "\2mx\3far\7example");
	}
	(void)state;
}

static void test_no_more_than_a_message_holds(void **state)
{
	static struct rewrite w;
	static struct message m;
	size_t question_end = make_mx(&m, "far.example", 100);

	rewrite_begin_behind(&w, m.octets, m.octets, WIRE_MESSAGE_MAX - 200, 0);
	write_all(&w, &m, question_end);
	assert_true(w.full);
	assert_true(w.len <= WIRE_MESSAGE_MAX);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_order_is_the_same),
		cmocka_unit_test(test_behind_another_message),
		cmocka_unit_test(test_no_more_than_a_message_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
