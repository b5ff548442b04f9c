//# allFunctionsCalledOnLoad
!function(F){var o,{JSON,fetch,setTimeout}=(window.tracker||0).g||window;try{o=typeof options<"u"&&options}catch(e){}{{ chunks }}F.start(window,JSON.parse('{{ config | tojson | replace("\\", "\\\\") }}'),o,F,fetch)}([]);
