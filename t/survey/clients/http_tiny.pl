# SPDX-License-Identifier: Apache-2.0
# client: Perl HTTP::Tiny
# kind: library
# debian: perl libio-socket-ssl-perl
# pattern: ^HTTP-Tiny/
use strict;
use warnings;
use HTTP::Tiny;

my ($url, $times, $size) = @ARGV;
my $agent = HTTP::Tiny->new;
my $got = 0;
for (1 .. $times) {
    $agent->get($url, $size ? {data_callback => sub { ($got += length shift) < $size or sleep 3600 }} : ());
}
sleep 3600;
