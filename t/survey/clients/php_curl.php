<?php
// SPDX-License-Identifier: Apache-2.0
// client: PHP curl
// kind: library
// debian: php8.2-curl
[, $url, $times, $size] = $argv;
$curl = curl_init($url);
$got = 0;
curl_setopt($curl, CURLOPT_WRITEFUNCTION, function ($curl, $part) use (&$got, $size) {
    $got += strlen($part);
    if ($size && $got >= $size)
        sleep(3600);
    return strlen($part);
});
for ($i = 0; $i < $times; ++$i)
    curl_exec($curl);
sleep(3600);
