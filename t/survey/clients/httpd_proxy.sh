# SPDX-License-Identifier: Apache-2.0
# client: Apache mod_proxy
# kind: proxy
# debian: apache2-bin curl
. /survey/words.sh
for module in mpm_event authz_core proxy proxy_http ssl; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
done >httpd.conf
cat >>httpd.conf <<END
ServerRoot "$PWD"
ServerName localhost
DefaultRuntimeDir "$PWD"
PidFile pid
ErrorLog error.log
Listen 127.0.0.1:$PORT
SSLProxyEngine On
ProxyPass / ${url%%:*}://$host:$port/
END
apache2 -D FOREGROUND -f "$PWD/httpd.conf" &
through
