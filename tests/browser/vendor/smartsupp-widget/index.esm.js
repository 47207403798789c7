import t from"domready";
/*! *****************************************************************************
Copyright (c) Microsoft Corporation.

Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY
AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM
LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR
OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
PERFORMANCE OF THIS SOFTWARE.
***************************************************************************** */var n=function(){return(n=Object.assign||function(t){for(var n,r=1,a=arguments.length;r<a;r++)for(var o in n=arguments[r])Object.prototype.hasOwnProperty.call(n,o)&&(t[o]=n[o]);return t}).apply(this,arguments)};function r(t,n){for(var r=0,a=n.length,o=t.length;r<a;r++,o++)t[o]=n[r];return t}var a=window;function o(r,o){if(void 0===o&&(o={}),a.smartsupp)throw new Error("Smartsupp client is already initialized.");a._smartsupp=n(n(n({},a._smartsupp||{}),o||{}),{key:r}),a.smartsupp=function(){a.smartsupp._.push(arguments)},a.smartsupp._=[],t((function(){var t=window.document.createElement("script");t.async=!0,t.type="text/javascript",t.charset="utf-8",t.src=o._loaderUrl||"https://www.smartsuppchat.com/loader.js",document.body.appendChild(t)}))}function i(t){w("language",t)}function e(t){w("name",t)}function p(t){w("email",t)}function c(t){w("group",t)}function s(t){w("phone",t)}function u(t){w("variables",t)}function f(){w("chat:show")}function l(){w("chat:hide")}function h(){w("chat:open")}function m(){w("chat:close")}function d(t){w("chat:message",t)}function w(t){for(var n=[],o=1;o<arguments.length;o++)n[o-1]=arguments[o];if(!a.smartsupp)throw new Error("Smartsupp client was not initialized");a.smartsupp.apply(a,r([t],n))}export{m as chatClose,l as chatHide,d as chatMessage,h as chatOpen,f as chatShow,o as init,p as setEmail,c as setGroup,i as setLanguage,e as setName,s as setPhone,u as setVariables};
