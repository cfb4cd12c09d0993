/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS in front of a server that has none:
 *
 *     tlsd [-e] [-2] [-r] [-c CLIENT_CA] [-n NAME] CERTIFICATE ADDRESS:PORT BACKEND_ADDRESS:PORT
 *
 * It makes a key and a certificate of its own, signed by itself, for 127.0.0.1 or for NAME, valid
 * now or (-e) until yesterday, writes the certificate to the file, and says on standard output
 * where it listens. With -c, clients must show a certificate that the file CLIENT_CA vouches for;
 * with -r, who does not is told so and cut off in one; with -2, version 1.3 is not spoken. ADDRESS
 * may be IPv6, in brackets. A process for each connection.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include "lab.h"

#define DAY 86400L

static void add_name(X509 *cert, const char *name)
{
	struct in6_addr any;
	bool is_address = inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any);
	char text[300];
	X509_EXTENSION *extension;

	snprintf(text, sizeof(text), "%s:%s", is_address ? "IP" : "DNS", name);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
	if (!extension || X509_add_ext(cert, extension, -1) != 1)
		lab_die("'%s' is no name for a certificate", name);
	X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name, bool expired)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)getpid());
	X509_gmtime_adj(X509_getm_notBefore(cert), -30 * DAY);
	X509_gmtime_adj(X509_getm_notAfter(cert), expired ? -DAY : 30 * DAY);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"lab", -1,
				   -1, 0);
	X509_set_issuer_name(cert, subject);
	add_name(cert, name);
	X509_set_pubkey(cert, key);
	if (!X509_sign(cert, key, EVP_sha256()))
		lab_die("cannot sign a certificate");
	return cert;
}

static struct sockaddr_in address_of(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	const char *colon = strrchr(text, ':');
	char host[64];

	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - text) : 0, text);
	if (!colon || inet_pton(AF_INET, host, &a.sin_addr) != 1)
		lab_die("'%s' is no ADDRESS:PORT", text);
	a.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	return a;
}

static bool pump_out(SSL *ssl, int backend)
{
	char bytes[16384];
	ssize_t n = read(backend, bytes, sizeof(bytes));

	return n > 0 && SSL_write(ssl, bytes, (int)n) == n;
}

static bool pump_in(SSL *ssl, int backend)
{
	char bytes[16384];

	do {
		int n = SSL_read(ssl, bytes, sizeof(bytes));

		if (n <= 0)
			return SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ;
		if (write(backend, bytes, (size_t)n) != n)
			return false;
	} while (SSL_pending(ssl));
	return true;
}

static bool cuts_off;

/* With something unread, what was said last may be taken back. */
static void hang_up(int fd)
{
	const struct linger at_once = {.l_onoff = 1};
	char bytes[4096];

	if (cuts_off) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
		return;
	}
	shutdown(fd, SHUT_WR);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
}

static void serve(SSL_CTX *ctx, int fd, const struct sockaddr_in *to)
{
	int backend = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = SSL_new(ctx);
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = backend, .events = POLLIN}};

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) != 1 ||
	    connect(backend, (const struct sockaddr *)to, sizeof(*to)) != 0) {
		hang_up(fd);
		return;
	}
	for (;;) {
		if (poll(p, 2, -1) < 0)
			return;
		if (p[1].revents && !pump_out(ssl, backend))
			return;
		if (p[0].revents && !pump_in(ssl, backend))
			return;
	}
}

/* Prints where. */
static int listen_at(const char *text)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in at;
	bool is_six = text[0] == '[';
	struct sockaddr *where = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&at;
	socklen_t len = is_six ? sizeof(six) : sizeof(at);
	char host[64] = "127.0.0.1";
	int fd, on = 1;

	if (is_six) {
		snprintf(host, sizeof(host), "%.*s", (int)strcspn(text, "]") + 1, text);
		host[strlen(host) - 1] = '\0';
		if (inet_pton(AF_INET6, host + 1, &six.sin6_addr) != 1)
			lab_die("'%s' is no [ADDRESS]:PORT", text);
		six.sin6_port = htons((uint16_t)strtol(strrchr(text, ':') + 1, NULL, 10));
	} else {
		at = address_of(text);
	}
	fd = socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, where, len) != 0 || listen(fd, 64) != 0)
		lab_die("cannot listen on %s: %s", text, strerror(errno));
	getsockname(fd, where, &len);
	printf("https://%s%s:%d\n", host, is_six ? "]" : "",
	       ntohs(is_six ? six.sin6_port : at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to;
	const char *name = "127.0.0.1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const char *client_ca = NULL;
	bool expired = false;
	X509 *cert;
	FILE *file;
	int option, listener;

	while ((option = getopt(argc, argv, "2erc:n:")) != -1) {
		expired = expired || option == 'e';
		cuts_off = cuts_off || option == 'r';
		name = option == 'n' ? optarg : name;
		client_ca = option == 'c' ? optarg : client_ca;
		if (option == '2')
			SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
		if (option == '?')
			return 2;
	}
	if (argc != optind + 3)
		lab_die("usage: tlsd [-e] [-2] [-r] [-c CLIENT_CA] [-n NAME] CERTIFICATE "
			"ADDRESS:PORT "
			"BACKEND");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	cert = make_certificate(key, name, expired);
	file = fopen(argv[optind], "we");
	if (!file || PEM_write_X509(file, cert) != 1 || fclose(file) != 0)
		lab_die("cannot write %s: %s", argv[optind], strerror(errno));
	if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		lab_die("the certificate is not taken");
	if (client_ca && SSL_CTX_load_verify_locations(ctx, client_ca, NULL) != 1)
		lab_die("%s holds no certificates", client_ca);
	if (client_ca)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	to = address_of(argv[optind + 2]);
	listener = listen_at(argv[optind + 1]);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(listener);
			serve(ctx, fd, &to);
			_exit(0);
		}
		close(fd);
	}
}
