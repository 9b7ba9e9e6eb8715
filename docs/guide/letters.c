/* A script that ends with 0 if no letter stands in its argument more than twice, and with 1 if one does. */

static int seen[26];

/* How often a letter stands in the text so far, with this one. */
static int count(char letter) {
    return ++seen[letter - 'a'];
}

static int most(const char *text) {
    int most = 0;
    for (const char *at = text; *at; at++) {
        int now = count(*at);
        if (now > most) most = now;
    }
    return most;
}

int main(int argc, char **argv) {
    return argc > 0 && most(argv[0]) > 2;
}
