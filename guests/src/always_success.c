/* The smallest script: succeeds. */
int main(void) { return 0; }
