# SPDX-License-Identifier: Apache-2.0
# client: Perl LWP keep_alive
# kind: library
# debian: libwww-perl liblwp-protocol-https-perl
# pattern: ^libwww-perl/
use strict;
use warnings;
use LWP::UserAgent;

my ($url, $times, $size) = @ARGV;
my $agent = LWP::UserAgent->new(keep_alive => 1);
my $got = 0;
for (1 .. $times) {
    $agent->get($url, $size ? (":content_cb" => sub { ($got += length shift) < $size or sleep 3600 }) : ());
}
sleep 3600;
